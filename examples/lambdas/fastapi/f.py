"""Notes that are checked: curl -d '{"text": "hi"}' -H 'Content-Type: application/json' localhost:5000/run/fastapi/"""

from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI
from pydantic import BaseModel

started = []
noted = []


@asynccontextmanager
async def lifespan(app):
    started.append("started")  # clients and pools of connections are made here, once in each leaf
    yield


app = FastAPI(lifespan=lifespan)


class Note(BaseModel):
    text: str
    stars: int = 0


@app.post("/", status_code=201)
async def take(note: Note, later: BackgroundTasks):
    later.add_task(noted.append, note.text)  # the client does not wait for it
    return {"text": note.text, "stars": note.stars}


@app.get("/")
def tell():
    return {"started": started, "noted": noted}
