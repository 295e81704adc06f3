package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.Zygote;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The mechanism's tests once more, without all that {@code tuning.py} lists: sandboxes are slower, and do the same. */
class UntunedSandboxesTest extends SockMechanismTest {

    private static final String SWITCH = "zygotes.tuning";

    @BeforeAll
    static void switchOff() {
        System.setProperty(SWITCH, "off");
    }

    @AfterAll
    static void switchOn() {
        System.clearProperty(SWITCH);
    }

    @Test
    void sandboxesKnowThatAllOfItIsOff(@TempDir Path folder) throws Exception {
        String source = """
            import os, sys
            flags = {name: on for name, on in vars(sys.modules["_zygotes.tuning"]).items() if name.isupper()}
            def f(event):
                return [on for name, on in flags.items() if isinstance(on, bool) and on], "ZYGOTES_TUNING" in os.environ
            """;
        try (RealSandboxes real = new RealSandboxes(folder)) {
            Zygote zygote = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
            LeafSpec spec = real.lambda("it", source);
            for (Optional<Zygote> parent :
                    Map.of(1, Optional.<Zygote>empty(), 2, Optional.of(zygote)).values()) {
                assertEquals("[[], false]", call(real.mechanism.createLeaf(parent, spec)));
            }
        }
    }

    /** They draw them before they know their lambda, at the end of what is left out here. */
    @Test
    void sparesDrawRandomNumbersOfTheirOwn(@TempDir Path folder) throws Exception {
        String generator = """
            import types, sys
            count = [0]
            def seed():
                count[0] += 1
            made = types.ModuleType("numpy.random")
            made.seed, made.set_state = seed, None
            sys.modules["numpy.random"] = made
            """;
        try (RealSandboxes real = new RealSandboxes(folder)) {
            PackageId drawing = real.pack("drawing", "1", generator);
            Zygote zygote = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote(drawing));
            LeafSpec spec = real.lambda("it", "import drawing\ndef f(event): return drawing.count[0]\n", drawing);
            Sandbox spare = real.mechanism.createSpare(zygote, RealSandboxes.LIMITS, Network.HOST);
            assertEquals("1", call(real.mechanism.specialise(spare, spec)));
            assertEquals("1", call(real.mechanism.createLeaf(Optional.of(zygote), spec)));
        }
    }

    private static String call(Leaf leaf) throws Exception {
        byte[] body =
                leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(30)).body();
        return new String(body, StandardCharsets.UTF_8);
    }
}
