package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.launcher.image.Machine;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;

/** Tests that share a worker, have a lambda each, and must not disturb another tenant's, the peer. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class WithSharedWorker {

    AttackedWorker worker;

    /** The name of the present test's lambda. */
    String lambda;

    @BeforeAll
    void start(TestInfo tests) throws Exception {
        Machine.require(tests.getTestClass().orElseThrow().getSimpleName());
        worker = AttackedWorker.start(config -> {});
        worker.install("peer", "def f(event):\n    return 'well'\n", Map.of());
        assertPeerIsWell();
    }

    @AfterAll
    void stop() throws Exception {
        if (worker != null) {
            worker.close();
        }
    }

    @BeforeEach
    void name(TestInfo test) {
        lambda = "l-" + Integer.toHexString((test.getTestMethod().orElseThrow() + test.getDisplayName()).hashCode());
    }

    void assertPeerIsWell() throws Exception {
        assertEquals("\"well\"", worker.call("peer", null).body().toString(), "the other lambda");
    }
}
