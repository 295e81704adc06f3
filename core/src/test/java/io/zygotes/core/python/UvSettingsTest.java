package io.zygotes.core.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.python.HostPip.Setting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UvSettingsTest {

    private static final Path UV = Path.of("/opt/uv");

    private static String uv(Map<String, String> pip, String name) {
        UvSettings settings = UvSettings.of(pip);
        assertEquals(List.of(), settings.unlike());
        return settings.environment().get("FOR_UV_" + name);
    }

    @Test
    void indexesAreAskedInTheOrderOfPipAndTheBestOfAllIsTaken() {
        Map<String, String> pip = Map.of(
                "PIP_INDEX_URL",
                "https://me:word@one.invalid/simple",
                "PIP_EXTRA_INDEX_URL",
                "https://two.invalid/s\n/mnt/host/1/x");

        assertEquals("https://me:word@one.invalid/simple https://two.invalid/s", uv(pip, "UV_INDEX"));
        assertEquals("file:///mnt/host/1/x", uv(pip, "UV_DEFAULT_INDEX"));
        assertTrue(uv(pip, "OPTIONS").contains("--index-strategy unsafe-best-match"));
    }

    @Test
    void indexesBesideTheDefaultOneLeaveItThere() {
        Map<String, String> pip = Map.of("PIP_EXTRA_INDEX_URL", "https://two.invalid/s");

        assertEquals("https://two.invalid/s", uv(pip, "UV_INDEX"));
        assertEquals(null, uv(pip, "UV_DEFAULT_INDEX"));
        assertEquals("", uv(Map.of(), "OPTIONS"));
    }

    @Test
    void foldersOfLinksThatTheHostDoesNotHaveAreLeftOut() {
        Map<String, String> pip = Map.of(
                "PIP_FIND_LINKS", "/opt/none file:///mnt/host/2/wheels\nhttps://links.invalid/", "PIP_NO_INDEX", "1");

        assertEquals("/mnt/host/2/wheels,https://links.invalid/", uv(pip, "UV_FIND_LINKS"));
        assertEquals("--no-index", uv(pip, "OPTIONS"));
        assertEquals(null, uv(Map.of("PIP_FIND_LINKS", "/opt/none"), "UV_FIND_LINKS"));
    }

    @Test
    void proxiesCertificatesAndTimesMeanTheSame() {
        Map<String, String> pip = Map.of(
                "PIP_PROXY", "http://proxy.invalid:3128",
                "PIP_CERT", "/mnt/host/1/ca.pem",
                "REQUESTS_CA_BUNDLE", "/mnt/host/2/other.pem",
                "PIP_TIMEOUT", "7",
                "PIP_RETRIES", "1",
                "PIP_TRUSTED_HOST", "a.invalid\nb.invalid:81",
                "PIP_CLIENT_CERT", "/mnt/host/3/me.pem");

        assertEquals("http://proxy.invalid:3128", uv(pip, "HTTPS_PROXY"));
        assertEquals("http://proxy.invalid:3128", uv(pip, "https_proxy"));
        assertEquals("/mnt/host/1/ca.pem", uv(pip, "SSL_CERT_FILE"));
        assertEquals("7", uv(pip, "UV_HTTP_TIMEOUT"));
        assertEquals("1", uv(pip, "UV_HTTP_RETRIES"));
        assertEquals("a.invalid b.invalid:81", uv(pip, "UV_INSECURE_HOST"));
        assertEquals("/mnt/host/3/me.pem", uv(pip, "SSL_CLIENT_CERT"));
        assertEquals(
                "/mnt/host/2/other.pem", uv(Map.of("REQUESTS_CA_BUNDLE", "/mnt/host/2/other.pem"), "SSL_CERT_FILE"));
    }

    @Test
    void whatUvDoesNotDoAsPipIsNamed() {
        assertEquals(
                List.of("PIP_NO_BINARY"),
                UvSettings.of(Map.of("PIP_NO_BINARY", ":all:")).unlike());
        assertEquals(
                List.of("PIP_GLOBAL_OPTION"),
                UvSettings.of(Map.of("PIP_GLOBAL_OPTION", "x")).unlike());
        assertEquals(
                List.of("PIP_FIND_LINKS"),
                UvSettings.of(Map.of("PIP_FIND_LINKS", "/mnt/host/1/a.html")).unlike());
        assertEquals(
                List.of(),
                UvSettings.of(Map.of("PIP_NO_BINARY", "", "PIP_QUIET", "1")).unlike());
    }

    private static HostPip pip(Setting... settings) {
        return HostPip.of(
                Path.of("/opt/pip"), List.of(settings), "", Map.of(), List.of("https://index.invalid/simple"));
    }

    @Test
    void uvInstallsWhereItIsThereAndCanDoIt() throws Exception {
        HostPip both = pip().with(Optional.of(UV), InstallerChoice.AUTO);

        assertEquals(HostPip.Uv.INSTALLS, both.uv());
        assertTrue(both.mounts().stream().anyMatch(mount -> mount.source().equals(UV) && !mount.writable()));
        assertEquals(
                HostPip.Uv.INSTALLS,
                pip().with(Optional.of(UV), InstallerChoice.UV).uv());
        for (HostPip without : List.of(
                pip().with(Optional.empty(), InstallerChoice.AUTO),
                pip().with(Optional.of(UV), InstallerChoice.PIP),
                pip(new Setting("install", "no-binary", "numpy")).with(Optional.of(UV), InstallerChoice.AUTO))) {
            assertFalse(without.uv() == HostPip.Uv.INSTALLS);
            assertEquals(1, without.mounts().size());
            assertTrue(without.environment().keySet().stream().noneMatch(name -> name.startsWith("FOR_UV_")));
        }
    }

    @Test
    void whoWantsUvAndCannotHaveItIsTold() {
        PythonException missing =
                assertThrows(PythonException.class, () -> pip().with(Optional.empty(), InstallerChoice.UV));
        assertTrue(missing.getMessage().contains("pip install uv"), missing.getMessage());
        PythonException unlike = assertThrows(
                PythonException.class,
                () -> pip(new Setting("global", "no-binary", "numpy")).with(Optional.of(UV), InstallerChoice.UV));
        assertTrue(unlike.getMessage().contains("PIP_NO_BINARY"), unlike.getMessage());
    }

    @Test
    void sourcesAreToldApartByAllThatChoosesAPackageAndByNothingElse() throws Exception {
        Optional<String> plain = pip().sources();

        assertTrue(plain.isPresent());
        assertEquals(plain, pip(new Setting("global", "timeout", "3")).sources());
        assertEquals(plain, pip().with(Optional.of(UV), InstallerChoice.AUTO).sources());
        assertFalse(plain.equals(pip(new Setting("global", "index-url", "https://other.invalid/simple"))
                .sources()));
        assertFalse(
                plain.equals(pip(new Setting("install", "only-binary", ":all:")).sources()));
        assertFalse(plain.equals(
                pip(new Setting("install", "find-links", "/none/there")).sources()));
        assertEquals(
                Optional.empty(),
                pip(new Setting("global", "index-url", "/usr")).sources());
    }

    @Test
    void addressesWithANameOrAPasswordHaveCredentials() {
        assertTrue(pip(new Setting("global", "index-url", "https://me:word@one.invalid/simple"))
                .hasCredentials());
        assertTrue(pip(new Setting("global", "extra-index-url", "https://a.invalid/ https://token@b.invalid/"))
                .hasCredentials());
        assertFalse(pip(new Setting("global", "index-url", "https://one.invalid/a@b"))
                .hasCredentials());
    }

    @Test
    void foldersOfLinksCountWithWhatLiesInThem(@TempDir Path folder) throws Exception {
        Setting links = new Setting("global", "find-links", folder.toString());
        Files.writeString(folder.resolve("a-1-py3-none-any.whl"), "x");
        Optional<String> before = pip(links).sources();

        assertEquals(before, pip(links).sources());
        Files.writeString(folder.resolve("a-1-py3-none-any.whl"), "other");
        assertFalse(before.equals(pip(links).sources()));
    }
}
