"""Contexts with other settings than those that a run was made with."""


def ask(context, **values):
    """Change settings by their flat names."""
    for section in ("compare", "differences", "attacks", "frontier", "foreign"):
        known = getattr(context.settings, section)
        chosen = {name: value for name, value in values.items() if name in type(known).model_fields}
        context.settings = context.settings.changed(**{section: known.changed(**chosen).model_dump()})
        values = {name: value for name, value in values.items() if name not in chosen}
    assert not values
    return context
