VENV := .venv
SCREEN := -screen 0 1680x1050x24 +extension GLX

.PHONY: help setup demo test check clean
export TORCH_INDEX PYTHON

help:
	@echo "make demo    segment the sample scan, and show it in napari where there is a screen"
	@echo "make test    run the tests in a virtual screen (slow ones too: PYTEST_OPTIONS=--slow)"
	@echo "make check   formatting, lint and types"
	@echo "make setup   only install into $(VENV); TORCH_INDEX=URL takes torch from there"
	@echo "make clean   remove $(VENV)"

setup: $(VENV)/.installed

# Another index for torch than that of the last set-up is reason enough for a new one.
ifneq ($(TORCH_INDEX),)
ifneq ($(TORCH_INDEX),$(shell cat $(VENV)/.torch_index 2>/dev/null))
.PHONY: $(VENV)/.installed
endif
endif

$(VENV)/.installed: pyproject.toml constraints.txt scripts/set_up.sh
	@sh scripts/set_up.sh $(VENV)
	@touch $@

$(VENV)/.tests-installed: $(VENV)/.installed
	@$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --group test
	@touch $@

demo: setup
	@$(VENV)/bin/napari-seg demo
	@echo "To go on: source $(VENV)/bin/activate; then napari-seg doctor, or napari for the window."

test: $(VENV)/.tests-installed
	@sh scripts/system_libraries.sh
	@$(MAKE) --no-print-directory check
	env -u QT_QPA_PLATFORM -u WAYLAND_DISPLAY XDG_SESSION_TYPE=x11 \
		xvfb-run -a -s "$(SCREEN)" \
		$(VENV)/bin/python -m pytest -n 2 --dist loadgroup $(PYTEST_OPTIONS)

check: $(VENV)/.tests-installed
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy

clean:
	rm -rf $(VENV)
