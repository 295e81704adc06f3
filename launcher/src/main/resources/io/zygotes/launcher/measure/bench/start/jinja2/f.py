import jinja2

TEMPLATE = "<ul>{% for item in items %}<li>{{ item | upper }}</li>{% endfor %}</ul>"


def f(event):
    page = jinja2.Environment(autoescape=True).from_string(TEMPLATE).render(items=sorted(event))
    assert page.startswith("<ul><li>")
    return event
