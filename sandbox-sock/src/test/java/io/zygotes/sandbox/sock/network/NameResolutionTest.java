package io.zygotes.sandbox.sock.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NameResolutionTest {

    private static final Set<String> NAMES = Set.of("db.test");

    @TempDir
    Path folder;

    private final Map<String, String> known = new ConcurrentHashMap<>();

    private NameResolution resolution(long keptNanos) {
        return new NameResolution(folder.resolve("resolv.conf"), this::resolve, keptNanos);
    }

    private InetAddress[] resolve(String name) throws UnknownHostException {
        if (!known.containsKey(name)) {
            throw new UnknownHostException(name);
        }
        return new InetAddress[] {InetAddress.ofLiteral(known.get(name))};
    }

    private static Set<InetAddress> addresses(String... texts) {
        return Set.of(Stream.of(texts).map(InetAddress::ofLiteral).toArray(InetAddress[]::new));
    }

    private Set<InetAddress> resolvers(String file) throws IOException {
        Files.writeString(folder.resolve("resolv.conf"), file);
        return resolution(0).look(Set.of()).resolvers();
    }

    @Test
    void anAddressIsKeptForAWhileAfterItWasSeenLast() {
        NameResolution keeps = resolution(TimeUnit.HOURS.toNanos(1));
        NameResolution forgets = resolution(0);
        known.put("db.test", "10.0.0.1");
        keeps.look(NAMES);
        forgets.look(NAMES);
        known.put("db.test", "10.0.0.2");
        assertEquals(addresses("10.0.0.1", "10.0.0.2"), keeps.look(NAMES).of("db.test"));
        assertEquals(addresses("10.0.0.2"), forgets.look(NAMES).of("db.test"));
    }

    @Test
    void aNameThatCannotBeResolvedKeepsWhatItHad() {
        NameResolution resolution = resolution(0);
        assertEquals(Set.of(), resolution.look(NAMES).of("db.test"));
        known.put("db.test", "10.0.0.1");
        assertEquals(addresses("10.0.0.1"), resolution.look(NAMES).of("db.test"));
        known.clear();
        assertEquals(addresses("10.0.0.1"), resolution.look(NAMES).of("db.test"));
    }

    @Test
    void resolversAreThoseOfTheFile() throws Exception {
        assertEquals(
                addresses("10.0.0.53", "fe80::1"),
                resolvers("# nameserver 9.9.9.9\nsearch test\nnameserver 10.0.0.53\n nameserver\tfe80::1%eth0\n"));
        assertEquals(addresses("127.0.0.1", "::1"), resolvers("search test\n"));
        assertEquals(addresses("127.0.0.1", "::1"), resolution(0).look(Set.of()).resolvers());
    }

    @Test
    void theMachinesOwnAddressesAreSeen() {
        assertTrue(resolution(0).look(Set.of()).own().contains(InetAddress.ofLiteral("127.0.0.1")));
    }
}
