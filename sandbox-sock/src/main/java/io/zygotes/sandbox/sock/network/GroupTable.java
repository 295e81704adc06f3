package io.zygotes.sandbox.sock.network;

import io.zygotes.sandbox.sock.linux.BpfMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Which cgroups the kernel's side knows, and what it knows of each. A group gets its place when it is made, which takes
 * a system call; what stands there, and so the rules of the sandbox that is in it, is memory that is shared with the
 * kernel: to change it on the way of a request takes none, and cannot fail. Not safe: its owner locks.
 */
final class GroupTable implements AutoCloseable {

    private final FilterMaps maps;
    private final BpfMemory places;
    private final Map<Long, Integer> known = new HashMap<>();
    /**
     * Places that groups had. The one that has been here longest is taken first: a program that is running has looked a
     * place up already, and must not meet the next group there.
     */
    private final Deque<Integer> free = new ArrayDeque<>();

    private int used;

    GroupTable(FilterMaps maps) throws IOException {
        this.maps = maps;
        places = maps.places().memory();
    }

    /** The place of a group; a new one, without network, if it has none yet. */
    int place(long cgroup) throws IOException {
        Integer place = known.get(cgroup);
        return place == null ? add(cgroup) : place;
    }

    private int add(long cgroup) throws IOException {
        if (used == FilterMaps.MOST_GROUPS && free.isEmpty()) {
            throw new IOException("there are " + used + " groups of sandboxes already, and there is room for no more");
        }
        int place = used < FilterMaps.MOST_GROUPS ? used : free.peek();
        maps.groups().put(key(cgroup), RuleBook.word(place));
        if (used < FilterMaps.MOST_GROUPS) {
            used++;
        } else {
            free.remove();
        }
        known.put(cgroup, place);
        return place;
    }

    /**
     * Gives a place to a sandbox.
     *
     * @param rule its number
     * @param account the number under which its refusals are counted
     * @param sandbox its number
     */
    void set(int place, int rule, int account, int sandbox) {
        places.put(place, FilterMaps.GROUP_TOLD, 0);
        places.put(place, FilterMaps.GROUP_ACCOUNT, account);
        places.put(place, FilterMaps.GROUP_SANDBOX, sandbox);
        places.put(place, FilterMaps.GROUP_RULE, rule);
    }

    /** Nobody is in a group any more: it has no network. */
    void clear(long cgroup) {
        Integer place = known.get(cgroup);
        if (place != null) {
            places.put(place, FilterMaps.GROUP_RULE, FilterMaps.NO_RULE);
        }
    }

    /** There is no such group any more. */
    void remove(long cgroup) throws IOException {
        Integer place = known.get(cgroup);
        if (place != null) {
            clear(cgroup);
            maps.groups().remove(key(cgroup));
            known.remove(cgroup);
            free.add(place);
        }
    }

    private static byte[] key(long cgroup) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.nativeOrder())
                .putLong(cgroup)
                .array();
    }

    @Override
    public void close() {
        places.close();
    }
}
