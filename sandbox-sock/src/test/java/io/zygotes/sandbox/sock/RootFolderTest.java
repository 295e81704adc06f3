package io.zygotes.sandbox.sock;

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
    void without_links_a_path_is_what_it_says() throws IOException {
        assertEquals("/usr/lib/file", found("/usr/lib/file"));
        assertEquals("/", found("/"));
        assertEquals("nothing", found("/usr/none"));
        assertEquals("nothing", found("/usr/lib/file/below"));
    }

    @Test
    void an_absolute_link_leads_to_what_has_that_path_inside() throws IOException {
        link("lib", "/usr/lib");
        assertEquals("/usr/lib", found("/lib"));
        assertEquals("/usr/lib/file", found("/lib/file"));
        link("shadow", "/etc/shadow");
        assertEquals("nothing", found("/shadow"), "the host's is another one");
    }

    @Test
    void a_link_that_climbs_stays_at_the_top() throws IOException {
        link("up", "../../../../../../../../usr/lib/file");
        assertEquals("/usr/lib/file", found("/up"));
        link("secret", "../secret");
        assertEquals("nothing", found("/secret"));
        link("usr/lib/out", "../../..");
        assertEquals("/usr", found("/usr/lib/out/usr"));
        assertEquals("/usr", found("/../../usr/./lib/.."));
    }

    @Test
    void the_way_through_links_counts_not_the_text() throws IOException {
        link("deep", "usr/lib");
        assertEquals("/usr", found("/deep/.."), "the parent of where the link leads");
    }

    @Test
    void a_circle_leads_nowhere() throws IOException {
        link("a", "b");
        link("b", "/a");
        link("self", "self/self");
        assertEquals("nothing", found("/a"));
        assertEquals("nothing", found("/self"));
    }

    @Test
    void a_chain_of_links_is_followed_as_far_as_the_kernel_would() throws IOException {
        link("l0", "usr");
        for (int i = 1; i <= 40; i++) {
            link("l" + i, "l" + (i - 1));
        }
        assertEquals("/usr", found("/l39"));
        assertEquals("nothing", found("/l40"));
    }

    @Test
    void what_a_link_says_is_told_also_when_the_way_to_it_is_one() throws IOException {
        link("usr/lib/link", "/run/x");
        link("lib", "/usr/lib");
        assertEquals(Optional.of(Path.of("/run/x")), root.link(Path.of("/lib/link")));
        assertEquals(Optional.empty(), root.link(Path.of("/lib/file")));
        assertEquals(Optional.empty(), root.link(Path.of("/none/file")));
    }

    @Test
    void the_root_of_the_machine_is_one_too() throws IOException {
        assertEquals(place.toRealPath(), RootFolder.of(Path.of("/")).find(place).orElseThrow());
    }

    @Test
    void a_path_that_would_be_too_long_outside_is_an_error_and_not_nothing() throws IOException {
        int room = RootFolder.LONGEST_PATH - top.toString().length() - 1;
        assertEquals("nothing", found("/" + "x".repeat(room)));
        var e = assertThrows(IOException.class, () -> found("/" + "x".repeat(room + 1)));
        assertTrue(e.getMessage().contains("sock_base_path"), e.getMessage());
    }
}
