package io.zygotes.launcher.isolation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.image.Machine;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInfo;

/** Tests each of which starts a worker of its own, as it wants to have it. */
abstract class WithOwnWorker {

    AttackedWorker worker;

    @BeforeAll
    static void needsRealSandboxes(TestInfo tests) {
        Machine.require(tests.getTestClass().orElseThrow().getSimpleName());
    }

    @AfterEach
    void stop() throws Exception {
        if (worker != null) {
            worker.close();
        }
    }

    /** Starts it, with a node of its tree for each of the packages. */
    void start(Consumer<ObjectNode> change, HostilePackage... packages) throws Exception {
        worker = AttackedWorker.startWithNodes(change, packages);
    }

    /** Installs a lambda that asks for one of the packages; for none, if its name is empty. */
    void lambda(String name, String needs, String code) throws Exception {
        worker.install(name, code, needs.isEmpty() ? Map.of() : Map.of("requirements.txt", needs + "==1\n"));
    }
}
