package io.zygotes.spi;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Objects;

/**
 * A range of IP addresses: those that begin with the same bits. An IPv4 address that is written as IPv6
 * ({@code ::ffff:10.0.0.1}) is the IPv4 address.
 *
 * @param address the first address of the range
 * @param prefixLength how many bits are the same: 0 to 32 for IPv4, 0 to 128 for IPv6
 */
@Stability(Stability.Level.EVOLVING)
public record IpRange(InetAddress address, int prefixLength) {

    /**
     * Checks that the address is the first one of the range.
     *
     * @throws IllegalArgumentException naming what is wrong
     */
    public IpRange {
        Objects.requireNonNull(address);
        int bits = address.getAddress().length * 8;
        if (prefixLength < 0 || prefixLength > bits) {
            throw new IllegalArgumentException(
                    "the length of the prefix is " + prefixLength + ", it must be from 0 to " + bits);
        }
        InetAddress first = first(address, prefixLength);
        if (!first.equals(address)) {
            throw new IllegalArgumentException("the address has bits after the first " + prefixLength
                    + "; the range is " + first.getHostAddress() + "/" + prefixLength);
        }
    }

    /** The range that holds this address alone. */
    public static IpRange of(InetAddress address) {
        return new IpRange(address, address.getAddress().length * 8);
    }

    /**
     * Reads a range: {@code 10.0.0.0/8}, {@code 10.1.2.3}, {@code 2001:db8::/32}, {@code ::1}.
     *
     * @throws IllegalArgumentException naming what is wrong; names of hosts are not resolved
     */
    public static IpRange parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = literal(slash < 0 ? text : text.substring(0, slash));
        int bits = address.getAddress().length * 8;
        if (slash < 0) {
            return of(address);
        }
        String length = text.substring(slash + 1);
        if (!length.matches("0|[1-9][0-9]{0,2}")) {
            throw new IllegalArgumentException("'" + length + "' is no length of a prefix: a number from 0 to " + bits);
        }
        int number = Integer.parseInt(length);
        // Written as IPv6, but an IPv4 range: ::ffff:10.0.0.0/104.
        boolean mapped = address instanceof Inet4Address && text.indexOf(':') >= 0;
        if (mapped && number < 96) {
            throw new IllegalArgumentException(
                    "a range of IPv4 addresses that are written as IPv6 has a prefix of 96 to" + " 128 bits, not "
                            + number);
        }
        return new IpRange(address, mapped ? number - 96 : number);
    }

    /** Java takes 10.1 and 1 for addresses, too, as the C library does; in rules they are mistakes. */
    private static InetAddress literal(String text) {
        if (text.indexOf('%') >= 0 || !text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}|.*:.*")) {
            throw new IllegalArgumentException("'" + text + "' is no IP address");
        }
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + "' is no IP address", e);
        }
    }

    private static InetAddress first(InetAddress address, int prefixLength) {
        byte[] bytes = address.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            int kept = Math.clamp(prefixLength - 8L * i, 0, 8);
            bytes[i] &= (byte) (0xFF << (8 - kept));
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has 4 or 16 bytes", e);
        }
    }

    /** Whether all addresses of another range are in this one. */
    public boolean contains(IpRange other) {
        byte[] mine = address.getAddress();
        byte[] others = other.address.getAddress();
        return mine.length == others.length
                && prefixLength <= other.prefixLength
                && Arrays.equals(first(other.address, prefixLength).getAddress(), mine);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        String text = address.getHostAddress();
        return prefixLength == address.getAddress().length * 8 ? text : text + "/" + prefixLength;
    }
}
