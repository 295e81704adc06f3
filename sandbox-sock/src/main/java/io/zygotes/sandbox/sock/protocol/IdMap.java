package io.zygotes.sandbox.sock.protocol;

import java.util.List;

/**
 * What a user namespace's ids stand for: user_namespaces(7).
 *
 * @param inside the first id, as it is seen inside
 * @param outside the first id that it stands for, as whoever writes the map sees it
 * @param count how many there are
 */
public record IdMap(int inside, int outside, int count) {

    /** The line for uid_map and gid_map. */
    String line() {
        return inside + " " + outside + " " + count;
    }

    List<Integer> written() {
        return List.of(inside, outside, count);
    }
}
