package io.zygotes.core.status;

import io.zygotes.core.function.Functions;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Sandbox;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The text of {@code /debug}, for people: memory, lambdas, sandboxes, import cache. Safe for use by many threads. */
public final class WorkerDescription {

    private final SandboxPool pool;
    private final Functions functions;
    private final CacheView cache;

    /**
     * @param pool knows memory and sandboxes
     * @param functions know the lambdas
     * @param cache knows its name and the shape of its tree
     */
    public WorkerDescription(SandboxPool pool, Functions functions, CacheView cache) {
        this.pool = pool;
        this.functions = functions;
        this.cache = cache;
    }

    /** The whole text as it is now. */
    public String text() {
        StringBuilder text = new StringBuilder();
        MemoryBudget memory = pool.memory();
        text.append("memory: ")
                .append(memory.reservedBytes() >> 20)
                .append(" of ")
                .append(memory.totalBytes() >> 20)
                .append(" MiB reserved, ")
                .append(pool.waiting())
                .append(" wait\n\nlambdas\n");
        functions.describe().forEach(line -> text.append("  ").append(line).append('\n'));
        text.append("\nsandboxes\n");
        sandboxes(text);
        text.append("\nimport cache '").append(cache.name()).append("'\n");
        cache.shape().roots().forEach(root -> node(root, 1, text));
        return text.toString();
    }

    private void sandboxes(StringBuilder text) {
        List<Sandbox> sandboxes = new ArrayList<>(pool.sandboxes());
        sandboxes.sort(Comparator.comparing(Sandbox::id));
        for (Sandbox sandbox : sandboxes) {
            text.append("  ").append(sandbox.id());
            text.append(sandbox instanceof Leaf leaf ? " leaf of " + leaf.spec().lambda() : " zygote");
            text.append(", ").append(sandbox.memoryBytes() >> 10).append(" KiB\n");
        }
    }

    private static void node(CacheShape.Node node, int depth, StringBuilder text) {
        text.append("  ".repeat(depth))
                .append(node.packages().isEmpty() ? "(root)" : String.join(", ", node.packages()));
        for (CacheShape.Live zygote : node.zygotes()) {
            text.append(" *").append(zygote.id());
        }
        text.append(" hits ").append(node.hits()).append('\n');
        node.children().forEach(child -> node(child, depth + 1, text));
    }
}
