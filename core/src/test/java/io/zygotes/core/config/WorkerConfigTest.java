package io.zygotes.core.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerConfigTest {

    @TempDir
    Path folder;

    private WorkerConfig read(String json) throws ConfigException, IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, json);
        return WorkerConfig.read(file);
    }

    private String refused(String json) {
        return assertThrows(ConfigException.class, () -> read(json)).getMessage();
    }

    @Test
    void whatInitWritesIsReadBackUnchanged() throws Exception {
        WorkerConfig defaults = WorkerConfig.defaults(folder);

        assertEquals(defaults, read(defaults.toJson()));
    }

    @Test
    void anEmptyObjectMeansAllDefaults() throws Exception {
        assertEquals(WorkerConfig.defaults(folder), read("{}"));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 600, 1024, 4096, 24_000, 1_000_000})
    void defaultsFitEveryMachine(int machineMb) {
        WorkerConfig config = ConfigReader.defaults(folder, machineMb);

        assertEquals(Math.max(machineMb - 500, 500), config.memPoolMb());
        assertTrue(2 * config.limits().memMb() <= config.memPoolMb());
        assertTrue(2 * config.installerLimits().memMb() <= config.memPoolMb());
    }

    @Test
    void readsTheKeysOfOpenLambda() throws Exception {
        WorkerConfig config = read("""
            {"worker_dir": "state", "worker_url": "0.0.0.0", "worker_port": "5001", "registry": "file:///lambdas",
             "registry_cache_ms": 100, "pkgs_dir": "pk", "pip_mirror": "http://127.0.0.1:1/simple",
             "mem_pool_mb": 1000, "import_cache_tree": {"packages": [], "children": []}, "sock_base_path": "/base",
             "sandbox": "sock", "server_mode": "lambda", "limits": {"procs": 10, "mem_mb": 50, "cpu_percent": 90,
             "swappiness": 1, "runtime_sec": 3}, "installer_limits": {"mem_mb": 400},
             "features": {"import_cache": "multitree", "reuse_cgroups": false, "downsize_paused_mem": false,
             "enable_seccomp": false}, "trace": {"cgroups": true, "memory": true, "evictor": true,
             "package": true, "latency": true}, "storage": {"root": "private", "scratch": "memory", "code": ""},
             "log_output": false}
            """);

        assertEquals(folder.resolve("state"), config.stateFolder());
        assertEquals(5001, config.workerPort());
        assertEquals(Path.of("/lambdas"), config.registryFolder());
        assertEquals(folder.resolve("pk"), config.packagesFolder());
        assertEquals(Optional.of(Path.of("/base")), config.baseFolder());
        assertEquals(Optional.of(Map.of("packages", List.of(), "children", List.of())), config.importCacheTree());
        assertEquals(50, config.limits().memMb());
        assertEquals(3, config.limits().runtimeSec());
        assertEquals(64, config.limits().tmpMb());
        assertEquals(400, config.installerLimits().memMb());
        assertEquals("multitree", config.features().importCache());
        assertEquals(new WorkerConfig.Trace(true, true, true, true), config.trace());
        assertEquals(List.of("trace.cgroups", "storage.scratch"), config.withoutEffect());
    }

    @Test
    void keysOfOpenLambdaThatMeanNothingHereAreTakenAndOnlyNamedIfTheyAreSet() throws Exception {
        WorkerConfig config = read("""
            {"server_mode": "lambda", "trace": {"cgroups": false},
             "storage": {"root": "private", "scratch": "", "code": null}}
            """);

        assertEquals(List.of(), config.withoutEffect());
        assertEquals(
                List.of("storage.code", "storage.root"),
                read("{\"storage\": {\"root\": \"memory\", \"code\": \"memory\"}}")
                        .withoutEffect());
        for (String key : List.of("server_mode", "cgroups", "storage")) {
            assertFalse(config.toJson().contains("\"" + key + "\""), key + " need not be written");
        }
    }

    @Test
    void readsOurOwnKeys() throws Exception {
        WorkerConfig config = read("""
            {"python": "python3.12", "network": "none", "max_waiting": 7, "max_wait_sec": 3,
             "plugin_path": "plugins", "plugins": {"multitree": {"trees": 3, "seed": null}}}
            """);

        assertEquals("python3.12", config.python());
        assertEquals(NetworkSetting.NONE, config.network());
        assertEquals(7, config.maxWaiting());
        assertEquals(3, config.maxWaitSec());
        assertEquals(Optional.of(folder.resolve("plugins")), config.pluginFolder());
        assertEquals(Map.of("trees", 3), config.pluginOptions("multitree"));
        assertEquals(Map.of(), config.pluginOptions("tree"));
    }

    @Test
    void readsTheKeysOfAwsAndDoesNotShowTheirSecrets() throws Exception {
        WorkerConfig config = read("""
            {"aws": {"credentials": {"AKIDEXAMPLE": "s3cret/+=", "other": "x"}, "region": "eu-west-1"}}\
            """);

        assertEquals(
                Map.of("AKIDEXAMPLE", "s3cret/+=", "other", "x"), config.aws().credentials());
        assertEquals("eu-west-1", config.aws().region());
        assertEquals(config, read(config.toJson()));
        assertFalse(config.toString().contains("s3cret"), config.toString());
        assertEquals(Map.of(), read("{}").aws().credentials());
        assertEquals("", read("{}").aws().region());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"credentials\": []}",
                "{\"credentials\": {\"a\": \"\"}}",
                "{\"credentials\": {\"a\": 3333}}",
                "{\"credentials\": {\"a/b\": \"x\"}}",
                "{\"region\": \"nowhere\"}",
                "{\"key\": 1}",
            })
    void aWrongKeyOfAwsIsToldByItsPlaceAndWithoutItsSecret(String aws) {
        ConfigException wrong = assertThrows(ConfigException.class, () -> read("{\"aws\": " + aws + "}"));

        assertTrue(wrong.getMessage().contains("$.aws."), wrong.getMessage());
        assertFalse(wrong.getMessage().contains("3333"), wrong.getMessage());
    }

    @Test
    void readsRulesOfTheNetworkAndWritesThemAgain() throws Exception {
        String json = """
            {"network": {"allow": ["internet", "db.internal:5432"], "deny": ["203.0.113.0/24"]},
             "zygote_network": "none", "installer_network": {"allow": ["indexes", "10.0.0.7:443/tcp"]}}
            """;
        WorkerConfig config = read(json);
        assertEquals(
                NetworkSetting.ofLists(Optional.of(List.of("internet", "db.internal:5432")), List.of("203.0.113.0/24")),
                config.network());
        assertEquals(NetworkSetting.NONE, config.networkOfZygotes());
        assertTrue(config.installerNetwork().namesIndexes());
        WorkerConfig again = read(config.toJson());
        assertEquals(config.network(), again.network());
        assertEquals(config.zygoteNetwork(), again.zygoteNetwork());
        assertEquals(config.installerNetwork(), again.installerNetwork());
    }

    @Test
    void aWrongRuleOfTheNetworkIsToldByItsPlace() throws Exception {
        String refusal = refused("{\"network\": {\"allow\": [\"internet\", \"10.0.0.5/8\"]}}");
        assertTrue(refusal.contains("$.network.allow[1]"), refusal);
        assertTrue(refusal.contains("10.0.0.0/8"), refusal);
    }

    @Test
    void whoSaysNothingReachesTheInternetAndInstallsTheirIndexes() throws Exception {
        WorkerConfig config = read("{}");
        assertEquals(NetworkSetting.INTERNET, config.network());
        assertEquals(NetworkSetting.INTERNET, config.networkOfZygotes());
        assertEquals("indexes", config.installerNetwork().word());
        assertTrue(config.toJson().contains("\"network\" : \"internet\""), config.toJson());
    }

    @Test
    void zygotesReachWhatLambdasDoUnlessItIsSaid() throws Exception {
        assertEquals(NetworkSetting.NONE, read("{\"network\": \"none\"}").networkOfZygotes());
        assertEquals(
                NetworkSetting.HOST,
                read("{\"network\": \"none\", \"zygote_network\": \"host\"}").networkOfZygotes());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {"worker_prot": 1}                | $.worker_prot is no known key: did you mean 'worker_port'?
        {"Mem-Pool-MB": 1}                | $.Mem-Pool-MB is no known key: did you mean 'mem_pool_mb'?
        {"limits": {"mem": 1}}            | $.limits.mem is no known key: did you mean 'mem_mb'?
        {"mem_mb": 1}                     | $.mem_mb is no known key: it belongs at $.limits.mem_mb
        {"features": {"sandbox": "sock"}} | $.features.sandbox is no known key: it belongs at $.sandbox
        {"trace": {"zzzzzzzzzzzzzz": 1}}  | known here are cgroups, evictor, latency, memory, package
        """)
    void anUnknownKeyIsAnErrorThatNamesTheNearestOne(String json, String message) {
        String refusal = refused(json).replace("config.json: ", "").replace(": is no", " is no");
        assertTrue(refusal.contains(message), refusal);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"worker_port\": 65536}",
                "{\"worker_port\": \"x\"}",
                "{\"worker_port\": 1.5}",
                "{\"mem_pool_mb\": 0}",
                "{\"mem_pool_mb\": 99999999999999999999}",
                "{\"limits\": {\"swappiness\": 101}}",
                "{\"limits\": []}",
                "{\"log_output\": \"yes\"}",
                "{\"sandbox\": \"\"}",
                "{\"server_mode\": \"sock\"}",
                "{\"network\": \"bridge\"}",
                "{\"network\": \"lambdas\"}",
                "{\"network\": [\"internet\"]}",
                "{\"network\": {\"allow\": \"internet\"}}",
                "{\"network\": {\"allow\": [1]}}",
                "{\"network\": {\"allow\": [\"example.org\"]}}",
                "{\"network\": {\"allow\": [\"indexes\"]}}",
                "{\"network\": {\"refuse\": []}}",
                "{\"installer_network\": {\"deny\": [\"10.0.0.1/8\"]}}",
                "{\"zygote_network\": \"indexes\"}",
                "{\"import_cache_tree\": 4}",
                "{\"plugins\": {\"tree\": 1}}",
                "{\"plugins\": 1}",
                "{\"registry\": \"http://x/\"}",
                "{\"storage\": {\"root\": \"disk\"}}",
                "{\"mem_pool_mb\": 400, \"limits\": {\"mem_mb\": 201}}",
                "[]",
                ""
            })
    void aWrongValueIsRefused(String json) {
        assertTrue(refused(json).startsWith("config.json: "), refused(json));
    }

    @Test
    void allFaultsAreReportedAtOnce() {
        String message = refused("{\"worker_port\": -1, \"limits\": {\"mem_mb\": \"x\", \"prox\": 1}}");

        assertTrue(message.contains("3 faults"), message);
        assertTrue(message.contains("$.worker_port"), message);
        assertTrue(message.contains("$.limits.mem_mb"), message);
        assertTrue(message.contains("$.limits.prox"), message);
    }

    @Test
    void malformedJsonIsReportedWithLineAndColumn() {
        String message = refused("{\n  \"worker_port\": 5000,,\n}");

        assertTrue(message.startsWith("config.json: line 2, column"), message);
    }

    @Test
    void aKeyMustNotStandTwice() {
        assertTrue(refused("{\"worker_port\": 1, \"worker_port\": 2}").contains("Duplicate"));
    }

    @Test
    void aMissingFileSaysHowToMakeOne() {
        ConfigException e = assertThrows(ConfigException.class, () -> WorkerConfig.read(folder.resolve("config.json")));

        assertTrue(e.getMessage().contains("zygotes init"), e.getMessage());
    }
}
