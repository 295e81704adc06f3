package io.zygotes.core.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.python.HostPip.Setting;
import io.zygotes.spi.mechanism.Job;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostPipTest {

    @TempDir
    Path given;

    private Path folder;

    @BeforeEach
    void resolve() throws IOException {
        folder = given.toRealPath();
    }

    private HostPip pip(String mirror, Map<String, String> environment, Setting... settings) {
        return HostPip.of(Path.of("/usr/lib/python3/pip"), List.of(settings), mirror, environment);
    }

    private static Optional<String> seen(HostPip pip, Path source) {
        return pip.mounts().stream()
                .filter(mount -> mount.source().equals(source))
                .map(Job.Mount::target)
                .findFirst();
    }

    @Test
    void pipItselfIsMountedReadOnly() {
        assertEquals(
                List.of(new Job.Mount(Path.of("/usr/lib/python3/pip"), "/mnt/pip/pip", false)),
                pip("", Map.of()).mounts());
    }

    @Test
    void theEnvironmentGoesOverTheCommandsSectionOverTheGeneralOne() {
        HostPip pip = pip(
                "",
                Map.of(),
                new Setting(":env:", "timeout", "3"),
                new Setting("install", "timeout", "2"),
                new Setting("install", "retries", "2"),
                new Setting("global", "timeout", "1"),
                new Setting("global", "retries", "1"),
                new Setting("global", "index-url", "https://index.invalid/simple"),
                new Setting("freeze", "timeout", "9"));

        assertEquals("3", pip.environment().get("PIP_TIMEOUT"));
        assertEquals("2", pip.environment().get("PIP_RETRIES"));
        assertEquals("https://index.invalid/simple", pip.environment().get("PIP_INDEX_URL"));
    }

    @Test
    void filesThatSettingsNameAreMountedAndTheirPathsRewritten() throws IOException {
        Path cert = Files.writeString(folder.resolve("ca.pem"), "x");
        Path wheels = Files.createDirectory(folder.resolve("wheels"));

        HostPip pip = pip(
                "",
                Map.of("SSL_CERT_FILE", cert.toString(), "https_proxy", "http://127.0.0.1:3128/", "SECRET", "x"),
                new Setting("global", "cert", cert.toString()),
                new Setting("global", "find-links", "\nfile://" + wheels + "\nhttps://index.invalid/a/ /none/there"));

        String certSeen = seen(pip, cert).orElseThrow();
        assertTrue(certSeen.startsWith("/mnt/"), certSeen);
        assertEquals(certSeen, pip.environment().get("PIP_CERT"));
        assertEquals(certSeen, pip.environment().get("SSL_CERT_FILE"));
        assertEquals(
                "\nfile://" + seen(pip, wheels).orElseThrow() + "\nhttps://index.invalid/a/ /none/there",
                pip.environment().get("PIP_FIND_LINKS"));
        assertEquals("http://127.0.0.1:3128/", pip.environment().get("https_proxy"));
        assertFalse(pip.environment().containsKey("SECRET"));
        assertTrue(pip.mounts().stream().noneMatch(Job.Mount::writable));
    }

    @Test
    void settingsThatWouldSendPackagesElsewhereAreLeftOut() {
        HostPip pip = pip(
                "",
                Map.of(),
                new Setting("global", "target", "/opt"),
                new Setting("install", "user", "true"),
                new Setting(":env:", "config-file", "/etc/pip.conf"),
                new Setting("global", "require-virtualenv", "true"));

        assertEquals(Map.of("PIP_CONFIG_FILE", "/dev/null", "PIP_ROOT_USER_ACTION", "ignore"), pip.environment());
    }

    @Test
    void aMirrorReplacesAllSourcesButKeepsTheRest() {
        HostPip pip = pip(
                "http://127.0.0.1:9/simple",
                Map.of(),
                new Setting("global", "index-url", "https://index.invalid/simple"),
                new Setting("global", "extra_index_url", "https://index.invalid/more"),
                new Setting("global", "find-links", "/somewhere"),
                new Setting("global", "timeout", "5"));

        assertEquals("http://127.0.0.1:9/simple", pip.environment().get("PIP_INDEX_URL"));
        assertEquals("5", pip.environment().get("PIP_TIMEOUT"));
        assertFalse(pip.environment().containsKey("PIP_EXTRA_INDEX_URL"));
        assertFalse(pip.environment().containsKey("PIP_FIND_LINKS"));
    }
}
