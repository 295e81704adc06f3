import networkx


def f(event):
    graph = networkx.grid_2d_graph(5, 5)
    assert networkx.shortest_path_length(graph, (0, 0), (4, 4)) == 8
    return event
