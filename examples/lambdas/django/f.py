"""A site in one file: http://localhost:5000/run/django/hello/you"""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path, reverse

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="keys of yours belong into .env")


def hello(request, name):
    return JsonResponse({"hello": name, "here": reverse("hello", args=[name]), "asked": request.GET.get("q")})


urlpatterns = [path("hello/<name>", hello, name="hello")]
application = get_wsgi_application()
