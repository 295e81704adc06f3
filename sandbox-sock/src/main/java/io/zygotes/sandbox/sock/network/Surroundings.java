package io.zygotes.sandbox.sock.network;

import java.net.InetAddress;
import java.util.Map;
import java.util.Set;

/**
 * What words and names in rules mean at a moment.
 *
 * @param own the machine's own addresses
 * @param resolvers the servers that it asks for names
 * @param names the addresses of names; none for a name that has none
 */
record Surroundings(Set<InetAddress> own, Set<InetAddress> resolvers, Map<String, Set<InetAddress>> names) {

    /** Copies the collections. */
    Surroundings {
        own = Set.copyOf(own);
        resolvers = Set.copyOf(resolvers);
        names = Map.copyOf(names);
    }

    /** The addresses of a name. */
    Set<InetAddress> of(String name) {
        return names.getOrDefault(name, Set.of());
    }
}
