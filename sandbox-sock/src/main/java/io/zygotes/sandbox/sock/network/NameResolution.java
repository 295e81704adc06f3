package io.zygotes.sandbox.sock.network;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds out what names and words in rules mean. A name keeps an address for a while after it was last seen: many names
 * have more addresses than one answer tells, and a lambda may have asked before. When a name cannot be resolved, it
 * keeps all that it had. Safe for use by many threads.
 */
final class NameResolution {

    private static final Logger LOG = System.getLogger(NameResolution.class.getName());
    /** Without a line that names a server, the C library asks the machine itself: resolv.conf(5). */
    private static final List<String> NO_RESOLVERS = List.of("127.0.0.1", "::1");

    private final Path resolvConf;
    private final Resolver resolver;
    private final long keptNanos;
    /** When each address of each name was seen last. */
    private final Map<String, Map<InetAddress, Long>> seen = new TreeMap<>();

    private final Set<String> unknown = new TreeSet<>();

    /** Asks for the addresses of a name. */
    @FunctionalInterface
    interface Resolver {

        /**
         * @throws UnknownHostException if it has none, or nobody can be asked
         */
        InetAddress[] resolve(String name) throws UnknownHostException;
    }

    /**
     * @param resolvConf the file of resolv.conf(5)
     * @param keptNanos how long an address is kept that is not seen any more
     */
    NameResolution(Path resolvConf, Resolver resolver, long keptNanos) {
        this.resolvConf = resolvConf;
        this.resolver = resolver;
        this.keptNanos = keptNanos;
    }

    /** What these names, and all words, mean now. Blocks while the resolver does. */
    Surroundings look(Set<String> names) {
        Map<String, Set<InetAddress>> all = new HashMap<>();
        for (String name : names) {
            all.put(name, resolve(name));
        }
        return new Surroundings(own(), resolvers(), all);
    }

    private Set<InetAddress> resolve(String name) {
        List<InetAddress> found;
        try {
            found = List.of(resolver.resolve(name));
        } catch (UnknownHostException e) {
            found = List.of();
        }
        synchronized (this) {
            Map<InetAddress, Long> addresses = seen.computeIfAbsent(name, key -> new HashMap<>());
            tell(name, found);
            if (!found.isEmpty()) {
                long now = System.nanoTime();
                addresses.values().removeIf(last -> now - last > keptNanos);
                found.forEach(address -> addresses.put(address, now));
            }
            return Set.copyOf(addresses.keySet());
        }
    }

    /** Says once that a name has no address, and once that it has one again. */
    private void tell(String name, List<InetAddress> found) {
        if (found.isEmpty() && unknown.add(name)) {
            LOG.log(
                    Level.WARNING,
                    "network rules: '" + name
                            + "' cannot be resolved; what it allows is refused until it can be, or keeps"
                            + " to the addresses that it had. It is tried again and again");
        } else if (!found.isEmpty() && unknown.remove(name)) {
            LOG.log(Level.INFO, "network rules: '" + name + "' is resolved again");
        }
    }

    private static Set<InetAddress> own() {
        Set<InetAddress> own = new HashSet<>();
        try {
            NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .map(NameResolution::withoutScope)
                    .forEach(own::add);
        } catch (SocketException e) {
            LOG.log(Level.DEBUG, "this machine has no network interface: " + e.getMessage());
        }
        return own;
    }

    private Set<InetAddress> resolvers() {
        List<String> servers = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(resolvConf)) {
                String[] words = line.strip().split("\\s+");
                if (words.length >= 2 && words[0].equals("nameserver")) {
                    servers.add(words[1]);
                }
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "cannot read " + resolvConf + ": " + e.getMessage());
        }
        Set<InetAddress> resolvers = new HashSet<>();
        for (String server : servers.isEmpty() ? NO_RESOLVERS : servers) {
            try {
                resolvers.add(InetAddress.ofLiteral(server.replaceFirst("%.*", "")));
            } catch (IllegalArgumentException e) {
                LOG.log(Level.DEBUG, resolvConf + ": " + server + " is no address");
            }
        }
        return resolvers;
    }

    /**
     * An address of IPv6 may name the interface that it belongs to, and two that differ there only are not different.
     */
    private static InetAddress withoutScope(InetAddress address) {
        try {
            return InetAddress.getByAddress(address.getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has 4 or 16 bytes", e);
        }
    }
}
