package io.zygotes.sandbox.sock.network;

import io.zygotes.spi.IpRange;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which addresses are the internet's. IPv4: all but those that IANA's registry of special-purpose addresses (RFC 6890)
 * does not call globally reachable, and multicast. IPv6: what is given out for global unicast (2000::/3), less the
 * same. Addresses that a translator makes of IPv4 ones (64:ff9b::/96) count as those, which is the programs' affair.
 */
final class Internet {

    /** What it is part of. */
    static final List<IpRange> WITHIN = ranges("0.0.0.0/0", "2000::/3");

    /** What of that it is not. */
    static final List<IpRange> WITHOUT = ranges(
            "0.0.0.0/8", // this network, and with it the machine itself
            "10.0.0.0/8", // private
            "100.64.0.0/10", // shared by the customers of a provider
            "127.0.0.0/8", // loopback
            "169.254.0.0/16", // link-local, and the metadata services of clouds
            "172.16.0.0/12", // private
            "192.0.0.0/24", // protocols of IETF
            "192.0.2.0/24", // documentation
            "192.88.99.0/24", // relays of 6to4, given up
            "192.168.0.0/16", // private
            "198.18.0.0/15", // measurements
            "198.51.100.0/24", // documentation
            "203.0.113.0/24", // documentation
            "224.0.0.0/4", // multicast
            "240.0.0.0/4", // reserved, and broadcast
            "2001::/23", // protocols of IETF, Teredo among them, which carries IPv4 addresses
            "2001:db8::/32", // documentation
            "2002::/16", // 6to4, which carries IPv4 addresses
            "3fff::/20"); // documentation

    private Internet() {}

    private static List<IpRange> ranges(String... texts) {
        return Stream.of(texts).map(IpRange::parse).toList();
    }
}
