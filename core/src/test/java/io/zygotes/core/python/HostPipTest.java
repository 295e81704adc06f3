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

    private static final List<String> DEFAULTS = List.of("https://index.invalid/simple", "https://files.invalid/");

    @TempDir
    Path given;

    private Path folder;

    @BeforeEach
    void resolve() throws IOException {
        folder = given.toRealPath();
    }

    private HostPip pip(String mirror, Map<String, String> environment, Setting... settings) {
        return HostPip.of(Path.of("/usr/lib/python3/pip"), List.of(settings), mirror, environment, DEFAULTS);
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

    private static List<String> servers(HostPip pip) {
        return pip.servers().stream().map(String::valueOf).toList();
    }

    @Test
    void theServersAreThoseOfPipItselfIfNoSettingNamesAnIndex() {
        assertEquals(List.of("index.invalid:443/tcp", "files.invalid:443/tcp"), servers(pip("", Map.of())));
        Setting same = new Setting("global", "index-url", "https://index.invalid/simple/");
        assertEquals(List.of("index.invalid:443/tcp", "files.invalid:443/tcp"), servers(pip("", Map.of(), same)));
    }

    @Test
    void theServersAreAllThatSettingsNameWhereverTheyAre() {
        HostPip pip = pip(
                "",
                Map.of("HTTPS_PROXY", "http://user:word@proxy.invalid:3128", "http_proxy", "10.0.0.9:3129"),
                new Setting("global", "index-url", "http://127.0.0.1:8081/simple"),
                new Setting("global", "extra-index-url", "https://one.invalid/simple\nhttps://[fd00::7]:444/simple"),
                new Setting("global", "find-links", "/opt/wheels http://files.invalid/"));
        assertEquals(
                List.of(
                        "127.0.0.1:8081/tcp",
                        "one.invalid:443/tcp",
                        "[fd00:0:0:0:0:0:0:7]:444/tcp",
                        "files.invalid:80/tcp",
                        "proxy.invalid:3128/tcp",
                        "10.0.0.9:3129/tcp"),
                servers(pip));
    }

    @Test
    void aMirrorTakesThePlaceOfTheIndexes() {
        Setting index = new Setting("global", "index-url", "https://one.invalid/simple");
        assertEquals(List.of("mirror.invalid:80/tcp"), servers(pip("http://mirror.invalid/simple", Map.of(), index)));
    }
}
