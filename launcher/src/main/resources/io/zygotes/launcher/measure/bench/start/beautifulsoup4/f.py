from bs4 import BeautifulSoup

PAGE = "<html><body><h1>A title</h1><p class='a'>One</p><p>Two</p></body></html>"


def f(event):
    page = BeautifulSoup(PAGE, "lxml")
    assert [paragraph.get_text() for paragraph in page.find_all("p")] == ["One", "Two"]
    return event
