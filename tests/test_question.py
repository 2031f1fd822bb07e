"""A question in the panel."""

from qtpy.QtWidgets import QPushButton

from napari_seg.viewer.question import Answer, Question


def test_the_answers_to_an_earlier_question_are_gone_at_once(qtbot):
    question = Question()
    qtbot.addWidget(question)
    question.show()
    question.ask("Is it so?", (Answer("Yes", "", print),))
    qtbot.waitUntil(lambda: question.answers[0].isVisible())
    [old] = question.answers
    question.ask("Is it otherwise?", (Answer("No", "", print),))
    assert not old.isVisible()
    qtbot.waitUntil(lambda: question.answers[0].isVisible())
    assert [each.text() for each in question.findChildren(QPushButton)] == ["No"]
