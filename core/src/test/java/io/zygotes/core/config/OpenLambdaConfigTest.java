package io.zygotes.core.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The files that OpenLambda's {@code ol worker init} writes, put together from the defaults in its
 * {@code go/common/config.go} as they were in 2026, 2025 and 2023.
 */
class OpenLambdaConfigTest {

    private static final String WITH_RUNTIME_SEC = """
        {
          "worker_dir": "OL/worker", "worker_url": "localhost", "worker_port": "5000", "log_output": true,
          "sandbox": "sock", "server_mode": "lambda", "registry": "file://OL/registry",
          "registry_cache_ms": 5000, "Pkgs_dir": "OL/lambda/packages", "pip_mirror": "",
          "mem_pool_mb": 7500, "import_cache_tree": "OL/default-zygotes-40.json",
          "sock_base_path": "OL/lambda", "sandbox_config": {},
          "docker": {"runtime": "", "base_image": "ol-min"},
          "limits": {"procs": 10, "mem_mb": 50, "cpu_percent": 100, "swappiness": 0, "runtime_sec": 30},
          "installer_limits": {"procs": 0, "mem_mb": 250, "cpu_percent": 0, "swappiness": 0, "runtime_sec": 300},
          "features": {"reuse_cgroups": false, "import_cache": "tree", "downsize_paused_mem": true,
                       "enable_seccomp": true},
          "trace": {"cgroups": false, "memory": false, "evictor": false, "package": false, "latency": false},
          "storage": {"root": "private", "scratch": "", "code": ""}
        }
        """;

    private static final String WITH_TWO_RUNTIMES = """
        {
          "worker_dir": "OL/worker", "worker_url": "localhost", "worker_port": "5000", "log_output": true,
          "sandbox": "sock", "server_mode": "lambda", "registry": "file://OL/registry",
          "registry_cache_ms": 5000, "Pkgs_dir": "OL/lambda/packages", "pip_mirror": "",
          "mem_pool_mb": 7500, "import_cache_tree": "OL/default-zygotes-40.json",
          "sock_base_path": "OL/lambda", "sandbox_config": {},
          "docker": {"runtime": "", "base_image": "ol-min"},
          "limits": {"procs": 10, "mem_mb": 50, "cpu_percent": 100, "swappiness": 0,
                     "max_runtime_default": 45, "runtime_sec": 0},
          "installer_limits": {"procs": 10, "mem_mb": 500, "cpu_percent": 100, "swappiness": 0,
                               "max_runtime_default": 300, "runtime_sec": 0},
          "features": {"reuse_cgroups": false, "import_cache": "tree", "downsize_paused_mem": true,
                       "enable_seccomp": true},
          "trace": {"cgroups": false, "memory": false, "evictor": false, "package": false, "latency": false},
          "storage": {"root": "private", "scratch": "", "code": ""}
        }
        """;

    private static final String WITH_INSTALLER_MEMORY = """
        {
          "worker_dir": "OL/worker", "worker_url": "localhost", "worker_port": "5000", "log_output": true,
          "sandbox": "sock", "server_mode": "lambda", "registry": "OL/registry", "registry_cache_ms": 5000,
          "Pkgs_dir": "OL/lambda/packages", "pip_mirror": "", "mem_pool_mb": 7500,
          "import_cache_tree": "", "SOCK_base_path": "OL/lambda", "sandbox_config": {"processes": true},
          "docker": {"runtime": "", "base_image": "ol-min"}, "kafka": null,
          "limits": {"procs": 10, "mem_mb": 50, "cpu_percent": 100, "max_runtime_default": 30,
                     "installer_mem_mb": 500, "swappiness": 0},
          "features": {"reuse_cgroups": false, "import_cache": "tree", "downsize_paused_mem": true,
                       "enable_seccomp": true},
          "trace": {"cgroups": false, "memory": false, "evictor": false, "package": false, "latency": false},
          "storage": {"root": "private", "scratch": "", "code": ""}
        }
        """;

    @TempDir
    Path folder;

    private WorkerConfig read(String json) throws ConfigException, IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, json.replace("OL/", folder + "/"));
        return WorkerConfig.read(file);
    }

    @Test
    void theirFilesAreReadAsTheyAre() throws Exception {
        for (String json : List.of(WITH_RUNTIME_SEC, WITH_TWO_RUNTIMES, WITH_INSTALLER_MEMORY)) {
            WorkerConfig config = read(json);

            assertEquals(folder.resolve("worker"), config.stateFolder());
            assertEquals(folder.resolve("registry"), config.registryFolder());
            assertEquals(folder.resolve("lambda/packages"), config.packagesFolder());
            assertEquals(5000, config.workerPort());
            assertEquals(7500, config.memPoolMb());
            assertEquals(50, config.limits().memMb());
            assertEquals(10, config.limits().procs());
            assertEquals(300, config.installerLimits().runtimeSec());
            assertEquals("tree", config.features().importCache());
        }
    }

    @Test
    void whatHasNoMeaningHereIsNamedAndNothingElse() throws Exception {
        assertEquals("docker", read(WITH_RUNTIME_SEC).withoutEffect().getFirst());
        assertEquals(
                List.of("docker", "sandbox_config"),
                read(WITH_INSTALLER_MEMORY).withoutEffect().subList(0, 2));
        assertEquals(
                List.of(),
                read("{\"docker\": {}, \"kafka\": null, \"sandbox_config\": {}}")
                        .withoutEffect());
    }

    @Test
    void theOlderNamesOfLimitsCountUnlessTheNewOnesDo() throws Exception {
        assertEquals(45, read(WITH_TWO_RUNTIMES).limits().runtimeSec());
        assertEquals(500, read(WITH_INSTALLER_MEMORY).installerLimits().memMb());
        WorkerConfig both = read("""
            {"limits": {"runtime_sec": 7, "max_runtime_default": 9, "installer_mem_mb": 300},
             "installer_limits": {"mem_mb": 200}}
            """);
        assertEquals(7, both.limits().runtimeSec());
        assertEquals(200, both.installerLimits().memMb());
    }

    @Test
    void aLimitOfZeroIsNoneThatWasSet() throws Exception {
        WorkerConfig config = read(WITH_RUNTIME_SEC);
        WorkerConfig defaults = WorkerConfig.defaults(folder);

        assertEquals(250, config.installerLimits().memMb());
        assertEquals(
                defaults.installerLimits().procs(), config.installerLimits().procs());
        assertEquals(
                defaults.installerLimits().cpuPercent(),
                config.installerLimits().cpuPercent());
    }

    @Test
    void withoutTheirRootFileSystemTheHostsOwnFilesAreUsedAndThatIsSaid() throws Exception {
        Files.createDirectories(folder.resolve("lambda/packages"));
        WorkerConfig without = read(WITH_RUNTIME_SEC);
        assertEquals(Optional.empty(), without.baseFolder());
        assertTrue(without.withoutEffect().getLast().startsWith("sock_base_path (no root"), without.toString());

        Files.createDirectories(folder.resolve("lambda/usr"));
        WorkerConfig with = read(WITH_RUNTIME_SEC);
        assertEquals(Optional.of(folder.resolve("lambda")), with.baseFolder());
        assertEquals(List.of("docker"), with.withoutEffect());

        assertEquals(
                Optional.of(folder.resolve("elsewhere")),
                read("{\"sock_base_path\": \"elsewhere\"}").baseFolder(),
                "another place that is missing is a mistake, which the worker says");
    }

    @Test
    void capitalLettersOfKeysDoNotMatter() throws Exception {
        WorkerConfig config = read("""
            {"Worker_Port": 1234, "LIMITS": {"Mem_MB": 77}, "features": {"Import_cache": ""}, "Admin": {"Token_File": "t"}}
            """);

        assertEquals(1234, config.workerPort());
        assertEquals(77, config.limits().memMb());
        assertEquals("", config.features().importCache());
        assertEquals(Optional.of(folder.resolve("t")), config.adminTokenFile());
    }

    @Test
    void aKeyInTwoSpellingsIsAnError() {
        ConfigException e =
                assertThrows(ConfigException.class, () -> read("{\"Pkgs_dir\": \"a\", \"pkgs_dir\": \"b\"}"));
        assertTrue(e.getMessage().contains("$.pkgs_dir: stands there twice"), e.getMessage());
    }
}
