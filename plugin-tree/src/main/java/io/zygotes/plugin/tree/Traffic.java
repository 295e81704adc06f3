package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.fit.Trace;
import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * How often leaves were asked for with which packages. Bounded: of too many sets of packages the one that was asked for
 * longest ago is forgotten, and old counts fade. Safe for use by many threads.
 */
final class Traffic {

    private final int mostSets;
    private final long mostCalls;
    private final Map<Set<PackageId>, Long> counts;
    private long sum;
    private long seen;

    /**
     * @param mostSets how many distinct sets are kept
     * @param mostCalls when the counts add up to this, all are halved
     */
    Traffic(int mostSets, long mostCalls) {
        this.mostSets = mostSets;
        this.mostCalls = mostCalls;
        this.counts = new LinkedHashMap<>(16, 0.75f, true);
    }

    /**
     * Counts what was counted before, unless something was counted already.
     *
     * @param known as {@link #inOrder} gave it
     */
    synchronized void restore(List<Trace.Calls> known) {
        if (counts.isEmpty()) {
            known.stream().skip(Math.max(0, known.size() - mostSets)).forEach(each -> {
                long count = Math.min(each.count(), mostCalls);
                counts.put(each.packages(), count);
                sum += count;
            });
            fade();
        }
    }

    /** What is known now: what was asked for longest ago first. */
    synchronized List<Trace.Calls> inOrder() {
        List<Trace.Calls> calls = new ArrayList<>();
        counts.forEach((set, count) -> calls.add(new Trace.Calls(set, count)));
        return calls;
    }

    synchronized void count(Set<PackageId> packages) {
        seen++;
        sum++;
        counts.merge(packages, 1L, Long::sum);
        if (counts.size() > mostSets) {
            Iterator<Map.Entry<Set<PackageId>, Long>> eldest = counts.entrySet().iterator();
            sum -= eldest.next().getValue();
            eldest.remove();
        }
        fade();
    }

    private void fade() {
        while (sum >= mostCalls) {
            counts.replaceAll((set, count) -> count / 2);
            counts.values().removeIf(count -> count == 0);
            sum = counts.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /** How many leaves were asked for since the beginning. */
    synchronized long seen() {
        return seen;
    }

    /** How many distinct sets are known now. */
    synchronized int sets() {
        return counts.size();
    }

    /** What is known now: most called first, in an order that depends on nothing but the counts. */
    List<Trace.Calls> calls() {
        List<Trace.Calls> calls = inOrder();
        Map<Set<PackageId>, String> names = new LinkedHashMap<>();
        calls.forEach(each -> names.put(each.packages(), new TreeSet<>(each.packages()).toString()));
        calls.sort(Comparator.comparingLong(Trace.Calls::count)
                .reversed()
                .thenComparing(each -> names.get(each.packages())));
        return calls;
    }
}
