from __future__ import annotations

import pytest

from dashboards.explore.grid_model import GridModel, GridModelError

CONTAINS = {"filterType": "text", "type": "contains", "filter": "it's 5%_"}


def test_filters_become_sql_whose_words_are_quoted() -> None:
    model = GridModel.read(
        {
            "label": CONTAINS,
            "score": {
                "filterType": "number",
                "operator": "OR",
                "conditions": [
                    {"filterType": "number", "type": "lessThan", "filter": 0.5},
                    {"filterType": "number", "type": "inRange", "filter": 0.7, "filterTo": 1},
                ],
            },
        },
        [{"colId": "score", "sort": "desc"}],
    )
    assert model.where() == (
        r"(lower(v.label) LIKE '%it''s 5\%\_%') AND "
        "(CAST(v.score AS DOUBLE) < 0.5 OR (CAST(v.score AS DOUBLE) >= 0.7 AND CAST(v.score AS DOUBLE) <= 1))"
    )
    assert model.order == (("score", True),)


def test_what_the_address_holds_is_read_back() -> None:
    model = GridModel.read({"label": CONTAINS}, [{"colId": "observed_at", "sort": "asc"}])
    assert GridModel.from_text(model.to_text()) == model
    assert GridModel().to_text() == ""


@pytest.mark.parametrize(
    ("filters", "order"),
    [
        ({"label; DROP TABLE objects": CONTAINS}, None),
        ({"label": {"type": "contains", "filter": "x" * 201}}, None),
        ({"label": {"type": "contains", "filter": "a\x00"}}, None),
        ({"label": {"type": "contains", "filter": ["x"]}}, None),
        ({"label": {"type": "1=1 OR", "filter": "x"}}, None),
        ({"label": {"conditions": [], "operator": "AND"}}, None),
        ({"label": {"conditions": [CONTAINS] * 6, "operator": "AND"}}, None),
        ({"label": {"conditions": [CONTAINS] * 2, "operator": ") OR TRUE OR ("}}, None),
        ({"score": {"type": "equals", "filter": "1 OR 1=1"}}, None),
        ({"score": {"type": "equals", "filter": float("nan")}}, None),
        ({"score": {"type": "equals", "filter": True}}, None),
        ({"score": {"type": "equals", "filter": 10**400}}, None),
        ({"score": "x"}, None),
        ("x", None),
        (None, [{"colId": "value", "sort": "asc"}]),
        (None, [{"colId": "score", "sort": "asc; --"}]),
        (None, [{"colId": ["score"], "sort": "asc"}]),
        (None, [{"colId": "score", "sort": "asc"}] * 2),
        (None, [{"colId": "score", "sort": "asc"}] * 4),
        (None, "score"),
    ],
)
def test_what_no_grid_sends_is_refused(filters: object, order: object) -> None:
    with pytest.raises(GridModelError):
        GridModel.read(filters, order)


@pytest.mark.parametrize("text", ["{", "[" * 3000, "[]", "x" * 4001, '{"filter": []}'])
def test_an_address_that_was_tampered_with_is_refused(text: str) -> None:
    with pytest.raises(GridModelError):
        GridModel.from_text(text)
