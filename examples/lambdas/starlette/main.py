"""A stream: curl -N localhost:5000/run/starlette/count/3"""

from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route


async def count(request):
    async def parts():
        for number in range(int(request.path_params["to"])):
            yield "%d\n" % number

    return StreamingResponse(parts(), media_type="text/plain")


counting = Starlette(routes=[Route("/count/{to:int}", count)])
