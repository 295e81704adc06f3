package io.zygotes.sandbox.sock.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Pipe;
import io.zygotes.sandbox.sock.linux.SocketPair;
import io.zygotes.sandbox.sock.linux.Sockets;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The bytes of requests. */
class LaunchRequestTest {

    private static final CommonPart PLAIN =
            new CommonPart(SandboxKind.LEAF, true, true, true, false, List.of(), Optional.empty());
    private static final CommonPart AHEAD = new CommonPart(
            SandboxKind.LEAF,
            true,
            true,
            true,
            false,
            List.of("/handler"),
            Optional.of(new ProcessLimits(256, 16 << 20)));

    private SocketPair sockets;
    private Pipe pipe;

    @BeforeEach
    void open() throws Exception {
        sockets = Sockets.pair(Sockets.Type.STREAM);
        pipe = Pipe.open();
    }

    @AfterEach
    void close() {
        sockets.close();
        pipe.close();
    }

    private LaunchRequest request(CommonPart common, Map<String, String> environment) {
        List<Descriptor> mounts = common.mounts().isEmpty() ? List.of() : List.of(pipe.reading());
        return new LaunchRequest(
                common,
                "leaf-7",
                new IdMap(10_000, 1000, 1),
                environment,
                new RequestDescriptors(sockets.theirs(), pipe.writing(), pipe.reading(), sockets.ours(), mounts));
    }

    private static String forZygote(LaunchRequest request) throws Exception {
        return new String(request.forZygote(new CommonTexts()), StandardCharsets.UTF_8);
    }

    @Test
    void aLeafThatIsToldEverythingAheadIsToldWithNamesForWhatComesAlong() throws Exception {
        assertEquals(
                "{\"descriptors\":[\"channel\",\"output\",\"cgroup\",\"scratch\",\"mount\"],\"kind\":\"leaf\","
                        + "\"limits\":[256,16777216],\"mounts\":[\"/handler\"],\"private_network\":true,"
                        + "\"scope\":true,\"seccomp\":true}\nleaf-7\n10000 1000 1\n{\"environment\":{\"A\":\"b\"}}",
                forZygote(request(AHEAD, Map.of("A", "b"))));
    }

    @Test
    void whatIsNotKnownAheadIsLeftOut() throws Exception {
        assertEquals(
                "{\"descriptors\":[\"channel\",\"output\",\"cgroup\",\"scratch\"],\"kind\":\"leaf\","
                        + "\"private_network\":true,\"scope\":true,\"seccomp\":true}\nleaf-7\n10000 1000 1\n",
                forZygote(request(PLAIN, Map.of())));
    }

    @Test
    void theDescriptorsComeInTheOrderOfTheirNames() {
        RequestDescriptors descriptors = request(AHEAD, Map.of()).descriptors();
        assertEquals(
                List.of(sockets.theirs(), pipe.writing(), pipe.reading(), sockets.ours(), pipe.reading()),
                descriptors.inOrder());
        assertEquals(List.of("channel", "output", "cgroup", "scratch", "mount"), RequestDescriptors.names(1));
    }

    @Test
    void theWardenIsToldTheIdsAndTheNameInTheSameObject() {
        Map<String, Object> told = request(PLAIN, Map.of()).forWarden();
        assertEquals("spawn", told.get("op"));
        assertEquals("leaf-7", told.get("name"));
        assertEquals(10_000, told.get("uid"));
        assertEquals(List.of(10_000, 1000, 1), told.get("map"));
        assertEquals("leaf", told.get("kind"));
    }

    @Test
    void aTextThatManyHaveInCommonIsWrittenOnce() throws Exception {
        CommonTexts texts = new CommonTexts();
        assertSame(
                texts.of(PLAIN),
                texts.of(new CommonPart(SandboxKind.LEAF, true, true, true, false, List.of(), Optional.empty())));
    }

    @Test
    void anEnvironmentThatWouldNotFitIsNotToldAhead() throws Exception {
        assertTrue(LaunchRequest.fits(Map.of()));
        assertTrue(LaunchRequest.fits(Map.of("A", "x".repeat(4000))));
        assertFalse(LaunchRequest.fits(Map.of("A", "x".repeat(4096))));
    }
}
