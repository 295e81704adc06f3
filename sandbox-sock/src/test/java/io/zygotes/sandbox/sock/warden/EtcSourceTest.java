package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What of a host's /etc sandboxes get, with folders as several distributions have them. */
class EtcSourceTest {

    @TempDir
    private Path base;

    @BeforeEach
    void makeFolders() throws Exception {
        Files.createDirectory(base.resolve("etc"));
    }

    private void file(String path, String content) throws Exception {
        Files.createDirectories(base.resolve(path).getParent());
        Files.writeString(base.resolve(path), content);
    }

    private void link(String path, String target) throws Exception {
        Files.createDirectories(base.resolve(path).getParent());
        Files.createSymbolicLink(base.resolve(path), Path.of(target));
    }

    private Map<String, EtcSource.Node> all() throws Exception {
        Map<String, EtcSource.Node> byName = new TreeMap<>();
        new EtcSource(RootFolder.of(base)).all().forEach((path, node) -> byName.put(path.toString(), node));
        return byName;
    }

    private static String content(EtcSource.Node node) throws Exception {
        return node instanceof EtcSource.Text text
                ? text.content()
                : new String(assertInstanceOf(EtcSource.Copy.class, node).content(), StandardCharsets.UTF_8);
    }

    @Test
    void whatTellsAboutUsersOrIsNotForAllIsLeftOut() throws Exception {
        for (String name : List.of("passwd", "shadow", "group", "services", "machine-id", "ssh/ssh_host_key")) {
            file("etc/" + name, "secret");
        }
        file("etc/ssl/private/key.pem", "secret");
        file("etc/ssl/certs/one.pem", "public");
        Files.setPosixFilePermissions(base.resolve("etc/ssl/private"), PosixFilePermissions.fromString("rwx--x---"));
        file("etc/pki/private.pem", "secret");
        Files.setPosixFilePermissions(
                base.resolve("etc/pki/private.pem"), PosixFilePermissions.fromString("rw-r-----"));
        Map<String, EtcSource.Node> all = all();
        assertEquals("secret", content(all.get("services")));
        assertEquals("public", content(all.get("ssl/certs/one.pem")));
        for (String hidden :
                List.of("shadow", "machine-id", "ssh", "ssl/private", "ssl/private/key.pem", "pki/private.pem")) {
            assertFalse(all.containsKey(hidden), hidden);
        }
        assertTrue(content(all.get("passwd")).contains("lambda:x:10000:10000:lambda:/tmp:/bin/sh"));
        assertFalse(content(all.get("passwd")).contains("secret"));
    }

    @Test
    void aSandboxFindsItsOwnName() throws Exception {
        file("etc/hosts", "192.0.2.1 other");
        String hosts = content(all().get("hosts"));
        assertTrue(hosts.startsWith("192.0.2.1 other\n127.0.1.1 leaf-0\n"), hosts);
        assertTrue(hosts.contains("\n127.0.1.128 " + HostNames.ofLeaf(BaseRoot.FIRST_LAMBDA_ID + 127) + "\n"), hosts);
        assertTrue(hosts.contains(" zygote\n") && hosts.contains(" job\n"), hosts);
        Files.delete(base.resolve("etc/hosts"));
        assertTrue(content(all().get("hosts")).startsWith("127.0.0.1 localhost\n"));
    }

    /**
     * openSUSE has them in /var/lib; systemd-resolved has resolv.conf in /run; Alpine's cert.pem is a relative link.
     */
    @Test
    void whatALinkLeadsToIsBroughtWhereSandboxesDoNotSeeIt() throws Exception {
        file("var/lib/ca-certificates/pem/one.pem", "one");
        file("var/lib/ca-certificates/ca-bundle.pem", "all");
        link("etc/ssl/certs", "../../var/lib/ca-certificates/pem");
        link("etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem");
        file("run/systemd/resolve/stub-resolv.conf", "nameserver 127.0.0.53");
        link("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
        link("etc/ssl/cert.pem", "ca-bundle.pem");
        file("usr/share/zoneinfo/Etc/UTC", "TZif");
        link("etc/localtime", "/usr/share/zoneinfo/Etc/UTC");
        file("usr/share/crypto-policies/DEFAULT/opensslcnf.txt", "x");
        link("etc/crypto-policies/back-ends/opensslcnf.config", "/usr/share/crypto-policies/DEFAULT/opensslcnf.txt");
        Map<String, EtcSource.Node> all = all();
        assertEquals("one", content(all.get("ssl/certs/one.pem")));
        assertEquals("all", content(all.get("ssl/ca-bundle.pem")));
        assertEquals("all", content(all.get("ssl/cert.pem")));
        assertEquals("nameserver 127.0.0.53", content(all.get("resolv.conf")));
        assertEquals(new EtcSource.Link(Path.of("/usr/share/zoneinfo/Etc/UTC")), all.get("localtime"));
        assertEquals(
                new EtcSource.Link(Path.of("/usr/share/crypto-policies/DEFAULT/opensslcnf.txt")),
                all.get("crypto-policies/back-ends/opensslcnf.config"));
    }

    @Test
    void linksStayInsideAndCirclesEnd() throws Exception {
        link("etc/services", "../../../../../../../../../etc/hostname");
        link("etc/ssl/self", ".");
        link("etc/pki/up", "/");
        link("etc/fonts", "/etc/fonts");
        file("etc/alternatives/here", "x");
        link("etc/alternatives/vi", "/usr/bin/nothing");
        Map<String, EtcSource.Node> all = all();
        assertFalse(all.containsKey("services"));
        assertEquals(new EtcSource.Link(Path.of("/etc/ssl")), all.get("ssl/self"));
        assertTrue(all.size() < 1000, () -> all.keySet().toString());
        assertFalse(all.containsKey("fonts"));
        assertFalse(all.containsKey("alternatives/vi"), "leads nowhere");
    }

    @Test
    void anEtcThatIsALinkIsLookedForInside() throws Exception {
        Files.delete(base.resolve("etc"));
        file("settings/services", "ssh 22/tcp");
        link("etc", "/settings");
        assertEquals("ssh 22/tcp", content(all().get("services")));
    }

    @Test
    void nodesDifferWhenAFileIsReplacedOrWrittenTo() throws Exception {
        file("etc/resolv.conf", "nameserver 192.0.2.1");
        EtcSource.Node first = all().get("resolv.conf");
        assertEquals(first, all().get("resolv.conf"));
        Files.writeString(base.resolve("etc/new"), "nameserver 192.0.2.2");
        Files.move(base.resolve("etc/new"), base.resolve("etc/resolv.conf"), StandardCopyOption.REPLACE_EXISTING);
        EtcSource.Node second = all().get("resolv.conf");
        assertFalse(first.equals(second));
        Files.writeString(base.resolve("etc/resolv.conf"), "nameserver 192.0.2.33");
        assertFalse(second.equals(all().get("resolv.conf")));
    }
}
