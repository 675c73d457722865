from __future__ import annotations

import io
import json

import pytest

from jobs.events.json_rows import MAX_ROW_LENGTH, JsonRows, JsonRowsError

ROWS = [{"a": 'x"]},{'}, {"b": {"c": [1, 2.5, None]}}, {"d": "ü \\ \n"}]
LIST = json.dumps(ROWS, indent=4)
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def read(text: str, at_once: int = 1 << 20) -> list[dict[str, object]]:
    return list(JsonRows(io.StringIO(text), at_once))


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("text", [LIST, json.dumps(ROWS), LINES, LINES.strip(), f" \r\n{LIST}\n\t"])
def test_a_list_and_lines_are_read_alike_wherever_the_text_is_cut(text: str, at_once: int) -> None:
    assert read(text, at_once) == ROWS


@pytest.mark.parametrize("text", ["", " \n", "[]", " [ \n ] "])
def test_a_file_may_hold_no_row(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[\n  {"a": 1},\n  {"a" 2}\n]',
            "row 2 (line 3) is no JSON object: Expecting ':' delimiter, '{\"a\" 2}",
        ),
        ('[{"a": 1}\n,\n{"a": ', "row 2 (line 3) is no JSON object: Expecting value, '{\"a\": '"),
        ('[{"a": 1}, 7]', "row 2 (line 1) is no JSON object: '7]'"),
        ('[{"a": 1}, ]', "row 2 (line 1) is no JSON object: ']'"),
        ('[{"a": 1} {"a": 2}]', "after row 1 (line 1) a comma or ] is missing: '{\"a\": 2}]'"),
        ('[{"a": 1}', "after row 1 (line 1) a comma or ] is missing: the file ends here"),
        ('[{"a": 1}, ', "row 2 (line 1) is no JSON object: the file ends here"),
        ("[", "row 1 (line 1) is no JSON object: the file ends here"),
        ('[{"a": 1}] {"a": 2}', "after the list's end there is more: '{\"a\": 2}'"),
        ('{"a": 1}, {"a": 2}', "row 2 (line 1) is no JSON object: ', {\"a\": 2}'"),
        ("null", "row 1 (line 1) is no JSON object: 'null'"),
    ],
)
def test_what_is_no_list_of_objects_is_refused_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(JsonRowsError) as refused:
        read(text)
    assert str(refused.value).startswith(sentence)


def test_a_line_is_counted_through_parts_that_were_forgotten() -> None:
    rows = JsonRows(io.StringIO('{"a": 1}\n' * 1000), 10)
    assert [rows.place for _ in rows][-1] == "row 1000 (line 1000)"


def test_a_row_without_end_is_not_read_to_the_end_of_the_file() -> None:
    text = io.StringIO('[{"a": 1}, {"b": "' + "x" * 10 * MAX_ROW_LENGTH)
    with pytest.raises(JsonRowsError, match=r"^row 2 \(line 1\) is no JSON object: Unterminated string"):
        list(JsonRows(text, MAX_ROW_LENGTH))
    assert text.tell() <= 3 * MAX_ROW_LENGTH


def test_what_is_nested_without_end_is_refused() -> None:
    with pytest.raises(JsonRowsError, match=r"^row 1 \(line 1\) is nested too deeply: '{"):
        read('{"a":' * 100_000)


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    text = io.TextIOWrapper(io.BytesIO(b'{"a": 1}\n{"a": "\xfc"}\n'), encoding="utf-8")
    with pytest.raises(JsonRowsError, match=r"^after row 0 the file is not UTF-8: 'utf-8' codec"):
        list(JsonRows(text))
