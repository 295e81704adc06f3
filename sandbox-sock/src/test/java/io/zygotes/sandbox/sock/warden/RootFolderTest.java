package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootFolderTest {

    @TempDir
    private Path place;

    private Path top;
    private RootFolder root;

    @BeforeEach
    void make() throws IOException {
        top = Files.createDirectory(place.toRealPath().resolve("root"));
        Files.createDirectories(top.resolve("usr/lib"));
        Files.writeString(top.resolve("usr/lib/file"), "inside");
        Files.createDirectories(place.resolve("usr/lib"));
        Files.writeString(place.resolve("usr/lib/file"), "outside");
        Files.writeString(place.resolve("secret"), "outside");
        root = RootFolder.of(top);
    }

    private void link(String name, String target) throws IOException {
        Files.createSymbolicLink(top.resolve(name), Path.of(target));
    }

    private String found(String path) throws IOException {
        return root.find(Path.of(path))
                .map(found -> "/" + top.relativize(found))
                .orElse("nothing");
    }

    @Test
    void withoutLinksAPathIsWhatItSays() throws IOException {
        assertEquals("/usr/lib/file", found("/usr/lib/file"));
        assertEquals("/", found("/"));
        assertEquals("nothing", found("/usr/none"));
        assertEquals("nothing", found("/usr/lib/file/below"));
    }

    @Test
    void anAbsoluteLinkLeadsToWhatHasThatPathInside() throws IOException {
        link("lib", "/usr/lib");
        assertEquals("/usr/lib", found("/lib"));
        assertEquals("/usr/lib/file", found("/lib/file"));
        link("shadow", "/etc/shadow");
        assertEquals("nothing", found("/shadow"), "the host's is another one");
    }

    @Test
    void aLinkThatClimbsStaysAtTheTop() throws IOException {
        link("up", "../../../../../../../../usr/lib/file");
        assertEquals("/usr/lib/file", found("/up"));
        link("secret", "../secret");
        assertEquals("nothing", found("/secret"));
        link("usr/lib/out", "../../..");
        assertEquals("/usr", found("/usr/lib/out/usr"));
        assertEquals("/usr", found("/../../usr/./lib/.."));
    }

    @Test
    void theWayThroughLinksCountsNotTheText() throws IOException {
        link("deep", "usr/lib");
        assertEquals("/usr", found("/deep/.."), "the parent of where the link leads");
    }

    @Test
    void aCircleLeadsNowhere() throws IOException {
        link("a", "b");
        link("b", "/a");
        link("self", "self/self");
        assertEquals("nothing", found("/a"));
        assertEquals("nothing", found("/self"));
    }

    @Test
    void aChainOfLinksIsFollowedAsFarAsTheKernelWould() throws IOException {
        link("l0", "usr");
        for (int i = 1; i <= 40; i++) {
            link("l" + i, "l" + (i - 1));
        }
        assertEquals("/usr", found("/l39"));
        assertEquals("nothing", found("/l40"));
    }

    @Test
    void whatALinkSaysIsToldAlsoWhenTheWayToItIsOne() throws IOException {
        link("usr/lib/link", "/run/x");
        link("lib", "/usr/lib");
        assertEquals(Optional.of(Path.of("/run/x")), root.link(Path.of("/lib/link")));
        assertEquals(Optional.empty(), root.link(Path.of("/lib/file")));
        assertEquals(Optional.empty(), root.link(Path.of("/none/file")));
    }

    @Test
    void theRootOfTheMachineIsOneToo() throws IOException {
        assertEquals(place.toRealPath(), RootFolder.of(Path.of("/")).find(place).orElseThrow());
    }

    @Test
    void aPathThatWouldBeTooLongOutsideIsAnErrorAndNotNothing() throws IOException {
        int room = RootFolder.LONGEST_PATH - top.toString().length() - 1;
        assertEquals("nothing", found("/" + "x".repeat(room)));
        IOException e = assertThrows(IOException.class, () -> found("/" + "x".repeat(room + 1)));
        assertTrue(e.getMessage().contains("sock_base_path"), e.getMessage());
    }
}
