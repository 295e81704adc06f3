package io.zygotes.spi;

import java.util.Locale;
import java.util.Objects;

/**
 * Addresses, ports and transports that are allowed or denied.
 *
 * @param target which addresses
 * @param firstPort the first port, from 0 on
 * @param lastPort the last port, up to 65535
 * @param transport which transports
 */
@Stability(Stability.Level.EVOLVING)
public record NetworkRule(Target target, int firstPort, int lastPort, Transport transport) {

    /** The last port that there is. */
    public static final int LAST_PORT = 65_535;

    /** The transports that sandboxes have. */
    public enum Transport {
        /** TCP and UDP. */
        ANY,
        /** TCP. */
        TCP,
        /** UDP. */
        UDP
    }

    /** Which addresses a rule is about. */
    public sealed interface Target permits Addresses, Host, Word {}

    /**
     * Addresses as they are.
     *
     * @param range them
     */
    public record Addresses(IpRange range) implements Target {

        /** Checks for null. */
        public Addresses {
            Objects.requireNonNull(range);
        }

        @Override
        public String toString() {
            return range.toString();
        }
    }

    /**
     * All addresses of a name, whatever they are at the time.
     *
     * @param name of a host, in lower case
     */
    public record Host(String name) implements Target {

        /** Checks for null. */
        public Host {
            Objects.requireNonNull(name);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Addresses that have a word of their own. */
    public enum Word implements Target {
        /** All of IPv4 and IPv6. */
        HOST,
        /**
         * What is reached through the internet: no loopback, link-local, private, shared or reserved addresses, no
         * multicast, and none of the machine's own.
         */
        INTERNET,
        /** The servers that {@code /etc/resolv.conf} names. */
        RESOLVERS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Checks the ports.
     *
     * @throws IllegalArgumentException if they are out of range
     */
    public NetworkRule {
        Objects.requireNonNull(target);
        Objects.requireNonNull(transport);
        if (firstPort < 0 || firstPort > lastPort || lastPort > LAST_PORT) {
            throw new IllegalArgumentException("ports " + firstPort + "-" + lastPort + " must be from 0 to " + LAST_PORT
                    + ", the smaller one first");
        }
    }

    /** All ports of a target. */
    public static NetworkRule all(Target target) {
        return new NetworkRule(target, 0, LAST_PORT, Transport.ANY);
    }

    /** As it stands in {@code config.json}: {@code 10.0.0.0/8:443/tcp}. */
    @Override
    public String toString() {
        String ports = firstPort == 0 && lastPort == LAST_PORT
                ? ""
                : ":" + firstPort + (firstPort == lastPort ? "" : "-" + lastPort);
        String text = target.toString();
        String addresses = ports.isEmpty() || text.indexOf(':') < 0 ? text : "[" + text + "]";
        String suffix = transport == Transport.ANY ? "" : "/" + transport.name().toLowerCase(Locale.ROOT);
        return addresses + ports + suffix;
    }
}
