package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Zygote;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SockMechanismTest {

    private RealSandboxes real;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
    }

    @AfterEach
    void stop() {
        real.close();
    }

    private static String call(Leaf leaf, String event) throws Exception {
        Reply reply = leaf.call(Invocation.post(event.getBytes(StandardCharsets.UTF_8)), Duration.ofSeconds(10));
        return reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8);
    }

    @Test
    void a_fresh_leaf_answers() throws Exception {
        LeafSpec spec = real.lambda("echo", "def f(event):\n    return {'got': event}\n");
        Leaf leaf = real.mechanism.createLeaf(Optional.empty(), spec);
        assertEquals("200 {\"got\": [1, 2]}", call(leaf, "[1, 2]"));
        assertEquals("200 {\"got\": null}", call(leaf, ""));
        assertTrue(call(leaf, "{").startsWith("400 "));
    }

    @Test
    void a_leaf_forked_down_a_tree_finds_all_packages_imported() throws Exception {
        var a = real.pack("alpha", "1.0", "VALUE = 1\n");
        var b = real.pack("beta", "2.0", "import alpha\nVALUE = alpha.VALUE + 1\n");
        Zygote root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
        Zygote one = real.mechanism.createZygote(Optional.of(root), RealSandboxes.zygote(a));
        Zygote two = real.mechanism.createZygote(Optional.of(one), RealSandboxes.zygote(a, b));
        LeafSpec spec = real.lambda(
                "both", "import sys\nseen = [m in sys.modules for m in ('alpha', 'beta')]\nimport beta\n"
                        + "def f(event):\n    import os\n    return [seen, beta.VALUE, os.getuid() >= 10000]\n", a, b);
        for (int i = 0; i < 3; i++) {
            Leaf leaf = real.mechanism.createLeaf(Optional.of(two), spec);
            assertEquals("200 [[true, true], 2, true]", call(leaf, ""));
            System.err.println(leaf.creationNanos());
        }
    }
}
