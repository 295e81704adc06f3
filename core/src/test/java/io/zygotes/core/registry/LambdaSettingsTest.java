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
}
