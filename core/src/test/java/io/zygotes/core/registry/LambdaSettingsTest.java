package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LambdaSettingsTest {

    private static final Limits LIMITS = new Limits(100, 10, 100, 0, 30, 64, 8);
    private static final LambdaSettings OPEN = LambdaSettings.of(LIMITS, NetworkSetting.HOST);
    private static final LambdaSettings CLOSED = LambdaSettings.of(LIMITS, NetworkSetting.NONE);

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
            """, OPEN, NetworkSetting.HOST, 200);

        assertEquals(Map.of("MODE", "fast", "SIZE", "3"), settings.environment());
        assertEquals(new Limits(200, 10, 100, 0, 5, 64, 8), settings.limits());
        assertEquals(Network.NONE, settings.network());
    }

    @Test
    void anEmptyFileChangesNothing() {
        assertEquals(OPEN, LambdaSettings.parse("", OPEN, NetworkSetting.HOST, 200));
        assertEquals(OPEN, LambdaSettings.parse("# nothing\n", OPEN, NetworkSetting.HOST, 200));
    }

    @Test
    void aLambdaCannotTakeTheNetworkThatTheOperatorRefuses() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> LambdaSettings.parse("network: host", CLOSED, NetworkSetting.NONE, 200));

        assertTrue(e.getMessage().contains("gives no lambda the network"), e.getMessage());
        assertEquals(
                Network.NONE,
                LambdaSettings.parse("", CLOSED, NetworkSetting.NONE, 200).network());
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
                "network: {allow: 10.0.0.0/8}",
                "network: {allow: [10.0.0.5/8]}",
                "network: {allow: [[internet]]}",
                "network: {deny: [example]}",
                "network: {allow: [indexes]}",
                "environment: {A: 1, A: 2}",
                "network: none\nnetwork: none",
                "triggers: {a: 1, a: 2}",
                "environment: {A: 1}\n---\nenvironment: {A: 2}",
                "colour: red",
                "triggers: [http]",
                "triggers: {http: {method: GET}}",
                "triggers: {http: [GET]}",
                "triggers: {http: [{}]}",
                "triggers: {http: [{method: }]}",
                "triggers: {http: [{method: GET, path: /x}]}",
                "triggers: {http: [{method: FETCH}]}",
                "triggers: {cron: hourly}",
                "triggers: {'a b': {}}",
                "Triggers: {}\ntriggers: {}",
                "reuse-sandbox: no",
                "concurrency: 0",
                "concurrency: -1",
                "concurrency: many",
                "concurrency: [1]",
                "handler: lambda_handler",
                "handler: ../x.handler",
                "handler: a..b",
                "handler: [a.b]",
                "max_runtime_sec: 0",
                "{[1]: 2}"
            })
    void aWrongFileIsRefused(String text) {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> LambdaSettings.parse(text, OPEN, NetworkSetting.HOST, 200));
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
                LambdaSettings.parse("environment:\n  A: " + value + "\n", OPEN, NetworkSetting.HOST, 200)
                        .environment());
    }

    @Test
    void aValueThatSaysNothingIsAnEmptyVariable() {
        assertEquals(
                Map.of("A", "", "B", ""),
                LambdaSettings.parse("environment:\n  A:\n  B: ''\n", OPEN, NetworkSetting.HOST, 200)
                        .environment());
    }

    @Test
    void anAliasHasTheValueOfItsAnchor() {
        assertEquals(
                Map.of("A", "1.10", "B", "1.10"),
                LambdaSettings.parse("environment: {A: &a 1.10, B: *a}", OPEN, NetworkSetting.HOST, 200)
                        .environment());
    }

    @Test
    void anErrorSaysLineAndColumn() {
        IllegalArgumentException shape = assertThrows(
                IllegalArgumentException.class,
                () -> LambdaSettings.parse("network: host\nlimits: []", OPEN, NetworkSetting.HOST, 200));
        assertEquals(
                "ol.yaml, line 2, column 9: limits must be a mapping of keys to values, not a list",
                shape.getMessage());
        IllegalArgumentException twice = assertThrows(
                IllegalArgumentException.class,
                () -> LambdaSettings.parse("environment:\n  A: 1\n  B: 1\n  A: 2\n", OPEN, NetworkSetting.HOST, 200));
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
            """, OPEN, NetworkSetting.HOST, 200);

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

    private static LambdaSettings settings(String text) {
        return LambdaSettings.parse(text, OPEN, NetworkSetting.HOST, 200);
    }

    private static String faults(String text) {
        return assertThrows(IllegalArgumentException.class, () -> settings(text))
                .getMessage();
    }

    @Test
    void allFaultsAreToldAtOnceEachWithItsPlaceAndTheNearestKey() {
        assertEquals(
                "ol.yaml, line 1, column 1: 'enviroment' is no key here: did you mean 'environment'? There are"
                        + " concurrency, environment, handler, limits, network, reuse-sandbox, triggers, zygote;"
                        + " ol.yaml, line 2, column 17: limits: procs must be a whole number without leading zeros, not"
                        + " '1.5'; ol.yaml, line 3, column 14: concurrency is 0, it must be a whole number from 1",
                faults("enviroment: {A: 1}\nlimits: {procs: 1.5}\nconcurrency: 0\n"));
    }

    @Test
    void aMethodThatIsNoneHasTheNearestOneProposed() {
        assertEquals(
                "ol.yaml, line 1, column 28: triggers.http: 'PSOT' is no method of HTTP: did you mean 'POST'?",
                faults("triggers: {http: [{method: PSOT}]}"));
    }

    private static Optional<Set<String>> methods(String triggers) {
        return settings("triggers: " + triggers).serving().methods();
    }

    /** As OpenLambda has them, but that a lambda with other triggers alone can be called by hand. */
    @Test
    void methodsAreThoseOfTheHttpTriggers() {
        assertEquals(Optional.of(Set.of("GET", "PUT")), methods("{http: [{method: GET}, {method: ' put '}]}"));
        assertEquals(Optional.empty(), methods("{http: [{method: GET}, {method: '*'}]}"));
        assertEquals(Optional.empty(), methods("{kafka: [{topics: [a]}]}"));
        assertEquals(Optional.of(Set.of()), methods("{http: []}"));
        assertEquals(Optional.empty(), settings("environment: {A: 1}").serving().methods());
        assertEquals(
                Optional.of(Set.of("GET")),
                settings("Triggers: {http: [{method: GET}]}").serving().methods());
    }

    @Test
    void otherTriggersAreKeptWithTheirOptions() {
        Serving serving = settings("""
            triggers:
              http:
                - method: POST
              cron:
                - schedule: "*/5 * * * *"
              kafka:
                - bootstrap_servers:
                    - "localhost:9092"
                  topics: [events]
              queue:
            """).serving();

        assertEquals(
                Map.of(
                        "cron", "[{\"schedule\":\"*/5 * * * *\"}]",
                        "kafka", "[{\"bootstrap_servers\":[\"localhost:9092\"],\"topics\":[\"events\"]}]",
                        "queue", "null"),
                serving.triggers());
    }

    @Test
    void leavesAreUsedAgainAndCallsUnboundedUnlessTheFileSaysOtherwise() {
        assertEquals(Serving.DEFAULT, settings("network: none").serving());
        assertEquals(false, settings("reuse-sandbox: false").serving().reuse());
        assertEquals(OptionalInt.of(3), settings("concurrency: 3").serving().concurrency());
    }

    @ParameterizedTest
    @ValueSource(strings = {"lambda_function.lambda_handler", "src/app.handler", "a.b-c.d.main"})
    void aHandlerIsAModuleAndAFunction(String handler) {
        assertEquals(Optional.of(handler), settings("handler: " + handler).handler());
    }

    /** OpenLambda had them for a time. */
    @Test
    void formerKeysCountWhereThoseOfTodayAreNotThere() {
        assertEquals(7, settings("max_runtime_sec: 7").limits().runtimeSec());
        assertEquals(
                5,
                settings("max_runtime_sec: 7\nLimits: {runtime_sec: 5}")
                        .limits()
                        .runtimeSec());
        assertTrue(faults("mem_mb: 12").contains("'mem_mb' is no key here: it belongs at limits.mem_mb"));
    }

    private static ZygoteUse zygote(String text) {
        return LambdaSettings.parse(text, OPEN, NetworkSetting.HOST, 200).zygote();
    }

    @Test
    void aLambdaCanDoWithoutZygotesOrHaveOneOfItsOwn() {
        assertEquals(ZygoteUse.PACKAGES, zygote("network: none"));
        assertEquals(ZygoteUse.PACKAGES, zygote("zygote:"));
        assertEquals(new ZygoteUse.None(), zygote("zygote: false"));
        assertEquals(new ZygoteUse.Own(false, Optional.empty(), Optional.empty()), zygote("zygote: true"));
        assertEquals(new ZygoteUse.Own(true, Optional.empty(), Optional.empty()), zygote("zygote: {eager: true}"));
        for (String wrong : List.of("maybe", "{eager: 1}", "{events: {}}", "[true]")) {
            assertThrows(IllegalArgumentException.class, () -> zygote("zygote: " + wrong), wrong);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {"a": [1, -2.50, 1e3, true, null, "x"]} | {"a":[1,-2.50,1e3,true,null,"x"]}
        {a: 007, b: yes, c: '1', e: ~, f: } | {"a":"007","b":"yes","c":"1","e":null,"f":null}
        {d: 2024-01-01, g: []} | {"d":"2024-01-01","g":[]}
        {1: {x: &y 0}, z: *y} | {"1":{"x":0},"z":0}
        text | "text"
        [] | []
        """)
    void anEventIsJson(String yaml, String json) {
        assertEquals(
                new ZygoteUse.Own(false, Optional.of(json), Optional.empty()), zygote("zygote: {event: " + yaml + "}"));
    }

    /** The lambda can be served without. */
    @ParameterizedTest
    @ValueSource(strings = {".nan", "-.inf", "!!binary aGk=", "!!set {a, b}", "&a [*a]"})
    void anEventThatIsNoJsonIsNoReasonToRefuseTheLambda(String yaml) {
        ZygoteUse.Own own = (ZygoteUse.Own) zygote("zygote:\n  event: {x: " + yaml + "}");
        assertEquals(Optional.empty(), own.event());
        assertTrue(
                own.fault().orElseThrow().startsWith("the event for its zygote in ol.yaml is no JSON: line 2, column"),
                own.fault().orElseThrow());
    }

    @Test
    void variablesThatCannotTakeEffectAreRefused() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> LambdaSettings.parse("environment: {LD_PRELOAD: /handler/x.so}", OPEN, NetworkSetting.HOST, 200));

        assertTrue(e.getMessage().contains("LD_PRELOAD counts only when a program starts"), e.getMessage());
    }

    private static NetworkRules.Layer allow(String... rules) {
        return NetworkSetting.ofLists(Optional.of(List.of(rules)), List.of())
                .rules()
                .layers()
                .getFirst();
    }

    @Test
    void aLambdaTakesLessOfTheNetworkThanTheWorkerAllows() {
        LambdaSettings internet = LambdaSettings.of(LIMITS, NetworkSetting.INTERNET);
        String text = "network: {allow: ['10.1.2.3:443/tcp', 'db.internal:5432'], deny: [internet:25]}";
        NetworkRules rules = LambdaSettings.parse(text, internet, NetworkSetting.INTERNET, 200)
                .rules();
        assertEquals(2, rules.layers().size());
        assertEquals(internet.rules().layers().getFirst(), rules.layers().getFirst());
        assertEquals(
                "allow [10.1.2.3:443/tcp, db.internal:5432, resolvers] deny [internet:25]",
                rules.layers().get(1).toString());
        assertEquals(
                NetworkRules.EVERYTHING.and(allow("10.1.2.3")),
                LambdaSettings.parse("network: {allow: [10.1.2.3]}", OPEN, NetworkSetting.HOST, 200)
                        .rules());
    }

    @Test
    void aLambdaThatOnlyDeniesHasTheRestOfWhatTheWorkerAllows() {
        NetworkRules rules = LambdaSettings.parse("network: {deny: [10.0.0.0/8]}", OPEN, NetworkSetting.HOST, 200)
                .rules();
        assertEquals("allow [host] deny [10.0.0.0/8]", rules.layers().getFirst().toString());
    }

    @Test
    void aLambdaMayGiveUpTheRestOfTheNetworkOrAllOfIt() {
        LambdaSettings internet = LambdaSettings.of(LIMITS, NetworkSetting.INTERNET);
        assertEquals(
                internet.rules(),
                LambdaSettings.parse("network: internet", OPEN, NetworkSetting.HOST, 200)
                        .rules());
        assertEquals(
                internet.rules(),
                LambdaSettings.parse("network: internet", internet, NetworkSetting.INTERNET, 200)
                        .rules());
        LambdaSettings none = LambdaSettings.parse("network: none", internet, NetworkSetting.INTERNET, 200);
        assertEquals(Network.NONE, none.network());
        assertEquals(
                List.of(),
                LambdaSettings.parse("network: {allow: []}", OPEN, NetworkSetting.HOST, 200)
                        .rules()
                        .layers()
                        .getFirst()
                        .allow());
    }

    @Test
    void aLambdaCannotTakeMoreOfTheNetworkThanTheWorkerAllows() {
        LambdaSettings internet = LambdaSettings.of(LIMITS, NetworkSetting.INTERNET);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> LambdaSettings.parse("network: host", internet, NetworkSetting.INTERNET, 200));
        assertTrue(e.getMessage().contains("can only take less"), e.getMessage());
        for (String text : List.of("network: internet", "network: {allow: [10.0.0.1]}", "network: {deny: []}")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> LambdaSettings.parse(text, CLOSED, NetworkSetting.NONE, 200),
                    text);
        }
    }
}
