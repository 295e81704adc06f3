from typing import List, Optional

from pydantic import BaseModel, Field


class Item(BaseModel):
    name: str
    price: float = Field(gt=0)
    tags: List[str] = []


class Order(BaseModel):
    items: List[Item]
    note: Optional[str] = None


def f(event):
    order = Order.model_validate({"items": [{"name": "a", "price": "1.5", "tags": ["x"]}]})
    assert order.items[0].price == 1.5
    return event
