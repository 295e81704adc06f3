package io.zygotes.plugin.tree.fit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.PriorityQueue;

/** Keeps the first invocations of a trace, in the order of their times, whatever the order of the lines. */
final class FirstInvocations {

    /**
     * An invocation that is one of the first as far as is known.
     *
     * @param function what it calls; null if no line has described it yet
     * @param order its time, or that of the one before it if it has none
     * @param number tells those of the same time apart
     */
    private record Kept(String name, TraceReader.Function function, OptionalLong atMillis, long order, long number) {}

    private final int most;
    /** The last one on top, to be replaced by an earlier one. */
    private final PriorityQueue<Kept> kept = new PriorityQueue<>(Comparator.comparingLong(Kept::order)
            .thenComparingLong(Kept::number)
            .reversed());

    private long lastTime = Long.MIN_VALUE;
    private long seen;

    /** @param most how many are kept; may be 0 */
    FirstInvocations(int most) {
        this.most = most;
    }

    /**
     * The next line.
     *
     * @param function null if no line has described it yet
     */
    void add(String name, TraceReader.Function function, OptionalLong atMillis) {
        if (most <= 0) {
            return;
        }
        lastTime = atMillis.orElse(lastTime);
        seen++;
        if (kept.size() < most || lastTime < kept.peek().order()) {
            kept.add(new Kept(name, function, atMillis, lastTime, seen));
            if (kept.size() > most) {
                kept.remove();
            }
        }
    }

    /**
     * Those that were kept, the earliest first. Those whose function was never described are left out.
     *
     * @param functions the functions that are described anywhere
     */
    List<TraceReader.Invocation> sorted(Map<String, TraceReader.Function> functions) {
        List<Kept> sorted = new ArrayList<>(kept);
        sorted.sort(kept.comparator().reversed());
        List<TraceReader.Invocation> first = new ArrayList<>();
        for (Kept each : sorted) {
            TraceReader.Function function = each.function() == null ? functions.get(each.name()) : each.function();
            if (function != null) {
                first.add(new TraceReader.Invocation(each.name(), function.packages(), each.atMillis()));
            }
        }
        return first;
    }
}
