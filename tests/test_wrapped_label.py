from napari_seg.viewer.wrapped_label import WrappedLabel


def test_the_height_follows_the_text_both_ways(qtbot):
    label = WrappedLabel()
    qtbot.addWidget(label)
    label.resize(200, 20)
    label.setText("short")
    low = label.minimumHeight()
    label.setText("a text of many words " * 12)
    assert label.minimumHeight() >= 4 * low
    label.setText("short")
    assert label.minimumHeight() == low


def test_the_height_follows_the_width_both_ways(qtbot):
    label = WrappedLabel()
    qtbot.addWidget(label)
    label.show()
    label.setText("a text of many words " * 6)
    label.resize(600, 20)
    low = label.minimumHeight()
    label.resize(150, 20)
    assert label.minimumHeight() > low
    label.resize(600, 20)
    assert label.minimumHeight() == low
