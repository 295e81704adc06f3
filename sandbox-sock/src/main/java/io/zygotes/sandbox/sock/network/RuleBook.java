package io.zygotes.sandbox.sock.network;

import io.zygotes.sandbox.sock.network.CompiledRules.Span;
import io.zygotes.spi.IpRange;
import io.zygotes.spi.NetworkRules;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which rules there are in the kernel. Sandboxes with the same rules share them, and a change of what names mean is
 * seen by all at once: the ranges are written under a new number first, and then the rule is pointed at it. Safe for
 * use by many threads.
 */
final class RuleBook {

    /** How many rules stay that no sandbox has: that of a lambda is needed again at its next leaf. */
    private static final int KEPT = 1024;
    /** How many objects are known. */
    private static final int MOST_OBJECTS = 4096;

    private final FilterMaps maps;
    private final Map<NetworkRules, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    /**
     * The same by object: all leaves of a lambda have one, and to compare rules by what they say takes microseconds.
     */
    private final Map<NetworkRules, Entry> sameObject = new IdentityHashMap<>();

    private final Deque<Integer> free = new ArrayDeque<>();
    private Surroundings now;
    private int numbers = FilterMaps.EVERYTHING + 1;
    private int versions = 1;

    private static final class Entry {
        private final int number;
        private int version;
        private CompiledRules written;
        private int users;

        Entry(int number) {
            this.number = number;
        }
    }

    /** @param now what words and names mean at first */
    RuleBook(FilterMaps maps, Surroundings now) {
        this.maps = maps;
        this.now = now;
    }

    /** Whether these rules are in the kernel already, of what can be said in no time. */
    synchronized boolean knows(NetworkRules rules) {
        return rules.isEverything() || sameObject.containsKey(rules);
    }

    /**
     * The number of rules, for one more sandbox.
     *
     * @throws IOException if there is no room for them
     */
    synchronized int use(NetworkRules rules) throws IOException {
        if (rules.isEverything()) {
            return FilterMaps.EVERYTHING;
        }
        Entry entry = sameObject.get(rules);
        if (entry == null) {
            entry = entry(rules);
            if (sameObject.size() >= MOST_OBJECTS) {
                sameObject.clear();
            }
            sameObject.put(rules, entry);
        }
        entry.users++;
        return entry.number;
    }

    private Entry entry(NetworkRules rules) throws IOException {
        Entry entry = entries.get(rules);
        if (entry == null) {
            dropUnused();
            entry = new Entry(number());
            try {
                write(entry, CompiledRules.of(rules, now));
            } catch (IOException e) {
                free.push(entry.number);
                throw e;
            }
            entries.put(rules, entry);
        }
        return entry;
    }

    /** A sandbox with these rules is gone. */
    synchronized void unuse(NetworkRules rules) {
        Entry same = sameObject.get(rules);
        Entry entry = same == null ? entries.get(rules) : same;
        if (entry != null) {
            entry.users--;
        }
    }

    /** What words and names mean has changed. */
    synchronized void follow(Surroundings changed) throws IOException {
        if (changed.equals(now)) {
            return;
        }
        now = changed;
        for (Map.Entry<NetworkRules, Entry> each : new ArrayList<>(entries.entrySet())) {
            CompiledRules compiled = CompiledRules.of(each.getKey(), now);
            if (!compiled.equals(each.getValue().written)) {
                write(each.getValue(), compiled);
            }
        }
    }

    private int number() throws IOException {
        if (!free.isEmpty()) {
            return free.pop();
        }
        if (numbers == FilterMaps.MOST_RULES) {
            throw new IOException("there are " + numbers + " different network rules already, and there is room for no"
                    + " more: let lambdas share theirs");
        }
        return numbers++;
    }

    private void dropUnused() throws IOException {
        List<NetworkRules> unused = entries.entrySet().stream()
                .filter(each -> each.getValue().users == 0)
                .map(Map.Entry::getKey)
                .toList();
        for (NetworkRules rules : unused.subList(0, Math.max(0, unused.size() - KEPT))) {
            Entry entry = entries.remove(rules);
            sameObject.values().removeIf(same -> same == entry);
            erase(entry.version, entry.written);
            free.push(entry.number);
        }
    }

    private void write(Entry entry, CompiledRules compiled) throws IOException {
        int version = versions++;
        try {
            for (Map.Entry<IpRange, List<Span>> range : compiled.ranges().entrySet()) {
                maps.ranges().put(key(version, range.getKey()), value(range.getValue()));
            }
            maps.versions().put(word(entry.number), word(version));
        } catch (IOException e) {
            erase(version, compiled);
            throw e;
        }
        int before = entry.version;
        CompiledRules old = entry.written;
        entry.version = version;
        entry.written = compiled;
        if (old != null) {
            erase(before, old);
        }
    }

    private void erase(int version, CompiledRules compiled) throws IOException {
        for (IpRange range : compiled.ranges().keySet()) {
            maps.ranges().remove(key(version, range));
        }
    }

    /** A number of four bytes, as a key or value. */
    static byte[] word(int number) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.nativeOrder())
                .putInt(number)
                .array();
    }

    /** IPv4 addresses stand there as IPv6 has them: ::ffff:a.b.c.d. */
    private static byte[] key(int version, IpRange range) {
        byte[] address = range.address().getAddress();
        int shorter = 16 - address.length;
        ByteBuffer key = ByteBuffer.allocate(FilterMaps.RANGE_KEY_SIZE).order(ByteOrder.nativeOrder());
        key.putInt(FilterMaps.VERSION_BITS + 8 * shorter + range.prefixLength());
        key.putInt(version);
        if (shorter > 0) {
            key.position(key.position() + 10).put((byte) 0xFF).put((byte) 0xFF);
        }
        return key.put(address).array();
    }

    private static byte[] value(List<Span> spans) {
        ByteBuffer value =
                ByteBuffer.allocate(FilterMaps.SPANS * FilterMaps.SPAN_SIZE).order(ByteOrder.nativeOrder());
        for (Span span : spans) {
            value.putShort((short) span.first())
                    .putShort((short) span.last())
                    .putShort((short) span.transports())
                    .putShort((short) 0);
        }
        return value.array();
    }
}
