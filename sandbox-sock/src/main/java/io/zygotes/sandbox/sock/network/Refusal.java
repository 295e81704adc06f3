package io.zygotes.sandbox.sock.network;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * One thing that rules refused.
 *
 * @param sandbox the number of the sandbox, as {@link NetworkWall} gave it out
 * @param operation what was tried
 * @param address where to; an IPv4 address that was written as IPv6 is the IPv4 address
 * @param port which port there; of {@link Operation#SOCKET} the protocol
 * @param transport of {@link FilterMaps}
 */
record Refusal(int sandbox, Operation operation, InetAddress address, int port, int transport) {

    /** From an entry of {@link FilterMaps#refusals}. */
    static Refusal read(byte[] entry) {
        ByteBuffer bytes = ByteBuffer.wrap(entry).order(ByteOrder.nativeOrder());
        byte[] address = Arrays.copyOfRange(
                entry, FilterMaps.REFUSAL_ADDRESS, FilterMaps.REFUSAL_ADDRESS + FilterMaps.ADDRESS_BITS / 8);
        try {
            return new Refusal(
                    bytes.getInt(0),
                    Operation.values()[entry[FilterMaps.REFUSAL_OPERATION]],
                    InetAddress.getByAddress(address),
                    Short.toUnsignedInt(bytes.getShort(FilterMaps.REFUSAL_PORT)),
                    entry[FilterMaps.REFUSAL_TRANSPORT]);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has 16 bytes", e);
        }
    }

    /** For people: {@code connect to 169.254.169.254:80 refused by network rules}. */
    @Override
    public String toString() {
        String what;
        if (operation == Operation.SOCKET) {
            what = operation.words() + " " + port;
        } else {
            String host = address.getHostAddress();
            String where = address instanceof Inet6Address ? "[" + host + "]" : host;
            what = operation.words() + " " + where + ":" + port + (transport == FilterMaps.UDP ? "/udp" : "");
        }
        return what + " refused by network rules";
    }
}
