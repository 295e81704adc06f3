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
                "a: b: c",
                "limits: []",
                "limits: 5",
                "limits: {mem_mb: [1]}",
                "limits: {mem_mb: 0123}",
                "limits: {mem_mb: 1_0}",
                "limits: {mem_mb: 0x10}",
                "limits: {mem_mb: 1.0}",
                "limits: {mem_mb: -5}",
                "network: {a: b}",
                "environment: {A: 1, A: 2}",
                "network: none\nnetwork: none",
                "triggers: {a: 1, a: 2}",
                "environment: {A: 1}\n---\nenvironment: {A: 2}",
                "{[1]: 2}"
            })
    void aWrongFileIsRefused(String text) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> LambdaSettings.parse(text, OPEN, 200));
        assertTrue(e.getMessage().startsWith("ol.yaml"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.10",
                "0123",
                "yes",
                "1_000",
                "no",
                "1e3",
                "0x10",
                "~",
                "null",
                "2001-01-01",
                "1:30",
                ".5",
                "+1",
                "TRUE"
            })
    void aValueIsTheTextThatStandsInTheFile(String value) {
        assertEquals(
                Map.of("A", value),
                LambdaSettings.parse("environment:\n  A: " + value + "\n", OPEN, 200)
                        .environment());
    }

    @Test
    void aValueThatSaysNothingIsAnEmptyVariable() {
        assertEquals(
                Map.of("A", "", "B", ""),
                LambdaSettings.parse("environment:\n  A:\n  B: ''\n", OPEN, 200).environment());
    }

    @Test
    void anAliasHasTheValueOfItsAnchor() {
        assertEquals(
                Map.of("A", "1.10", "B", "1.10"),
                LambdaSettings.parse("environment: {A: &a 1.10, B: *a}", OPEN, 200)
                        .environment());
    }

    @Test
    void anErrorSaysLineAndColumn() {
        IllegalArgumentException shape = assertThrows(
                IllegalArgumentException.class, () -> LambdaSettings.parse("network: host\nlimits: []", OPEN, 200));
        assertEquals(
                "ol.yaml, line 2, column 9: limits must be a mapping of keys to values, not a list",
                shape.getMessage());
        IllegalArgumentException twice = assertThrows(
                IllegalArgumentException.class,
                () -> LambdaSettings.parse("environment:\n  A: 1\n  B: 1\n  A: 2\n", OPEN, 200));
        assertEquals("ol.yaml, line 4, column 3: 'A' stands there twice; remove one of them", twice.getMessage());
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
