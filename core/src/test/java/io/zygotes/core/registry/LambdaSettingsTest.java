package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LambdaSettingsTest {

    private static final Limits LIMITS = new Limits(100, 10, 100, 0, 30, 64, 8);
    private static final LambdaSettings OPEN = new LambdaSettings(Map.of(), LIMITS, Network.HOST);
    private static final LambdaSettings CLOSED = new LambdaSettings(Map.of(), LIMITS, Network.NONE);

    @Test
    void overridesWhatTheWorkerSays() {
        LambdaSettings settings = LambdaSettings.parse("""
            triggers:
              http:
                - method: POST
            environment:
              MODE: fast
              SIZE: 3
            limits:
              mem_mb: 200
              runtime_sec: 5
            network: none
            """, OPEN, 200);

        assertEquals(Map.of("MODE", "fast", "SIZE", "3"), settings.environment());
        assertEquals(new Limits(200, 10, 100, 0, 5, 64, 8), settings.limits());
        assertEquals(Network.NONE, settings.network());
    }

    @Test
    void anEmptyFileChangesNothing() {
        assertEquals(OPEN, LambdaSettings.parse("", OPEN, 200));
        assertEquals(OPEN, LambdaSettings.parse("# nothing\n", OPEN, 200));
    }

    @Test
    void aLambdaCannotTakeTheNetworkThatTheOperatorRefuses() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> LambdaSettings.parse("network: host", CLOSED, 200));

        assertTrue(e.getMessage().contains("gives no lambda the network"), e.getMessage());
        assertEquals(Network.NONE, LambdaSettings.parse("", CLOSED, 200).network());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "limits: {mem_mb: 201}",
                "limits: {mem_mb: 0}",
                "limits: {mem_mb: lots}",
                "limits: {memory: 5}",
                "environment: [1]",
                "environment: {'A=B': x}",
                "environment: {A: [1]}",
                "network: bridge",
                "[1, 2]",
                "a: b: c"
            })
    void aWrongFileIsRefused(String text) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> LambdaSettings.parse(text, OPEN, 200));
        assertTrue(e.getMessage().startsWith("ol.yaml"), e.getMessage());
    }

    /** YAML makes numbers and truth values of them (aws/aws-cli issue 5363, serverless-application-model issue 200). */
    @Test
    void valuesOfVariablesArriveAsTheyAreWritten() {
        LambdaSettings settings = LambdaSettings.parse("""
            environment:
              ACCOUNT: 012345670123
              VERSION: 3.10
              FLAG: yes
              HASH: 12e07
              LARGE: 12345678901234567890123
              QUOTED: "007"
              EMPTY:
            limits: {procs: 5}
            """, OPEN, 200);

        assertEquals(
                Map.of(
                        "ACCOUNT", "012345670123",
                        "VERSION", "3.10",
                        "FLAG", "yes",
                        "HASH", "12e07",
                        "LARGE", "12345678901234567890123",
                        "QUOTED", "007",
                        "EMPTY", ""),
                settings.environment());
    }

    @Test
    void aLambdaCanDoWithoutZygotes() {
        assertTrue(LambdaSettings.parse("network: none", OPEN, 200).zygote());
        assertTrue(LambdaSettings.parse("zygote: true", OPEN, 200).zygote());
        assertEquals(false, LambdaSettings.parse("zygote: false", OPEN, 200).zygote());
        assertThrows(IllegalArgumentException.class, () -> LambdaSettings.parse("zygote: maybe", OPEN, 200));
    }

    @Test
    void variablesThatCannotTakeEffectAreRefused() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> LambdaSettings.parse("environment: {LD_PRELOAD: /handler/x.so}", OPEN, 200));

        assertTrue(e.getMessage().contains("LD_PRELOAD counts only when a program starts"), e.getMessage());
    }
}
