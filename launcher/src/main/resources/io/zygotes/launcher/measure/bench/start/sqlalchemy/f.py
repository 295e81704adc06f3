from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, select


def f(event):
    people = Table("people", MetaData(), Column("id", Integer, primary_key=True), Column("name", String))
    with create_engine("sqlite://").connect() as connection:
        people.create(connection)
        connection.execute(people.insert(), [{"name": "a"}, {"name": "b"}])
        assert connection.execute(select(people.c.name).order_by(people.c.name)).scalars().all() == ["a", "b"]
    return event
