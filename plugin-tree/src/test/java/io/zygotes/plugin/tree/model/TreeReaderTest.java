package io.zygotes.plugin.tree.model;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TreeReaderTest {

    @TempDir
    Path folder;

    private Path file(String name, String json) throws Exception {
        return Files.writeString(folder.resolve(name), json);
    }

    private ConfigException refused(String json) {
        return assertThrows(ConfigException.class, () -> TreeReader.text(json, "t.json", folder));
    }

    @Test
    void aTreeIsReadAndWrittenBackTheSame() throws Exception {
        ZygoteTree tree = TreeReader.text("""
            {"packages": [], "children": [
              {"packages": ["NumPy"], "children": [{"packages": ["pandas == 2.2.3", "pytz"]}]},
              {"packages": ["ruamel.yaml"]}]}\
            """, "t.json", folder);
        assertEquals(4, tree.size());
        assertEquals(
                List.of("numpy", "pandas==2.2.3", "pytz"),
                tree.places().get(2).path().stream().map(Requirement::toString).toList());
        assertEquals(
                List.of("ruamel-yaml"),
                tree.places().get(3).path().stream().map(Requirement::toString).toList());
        Path out = folder.resolve("out.json");
        TreeWriter.write(tree, out);
        assertEquals(tree, TreeReader.file(out));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(out), files.toList(), "nothing is left beside the file");
        }
    }

    @Test
    void aTreeFromOpenLambdaIsReadAsItIs() throws Exception {
        ZygoteTree tree = TreeReader.text("""
            {"packages": null, "children": [{"packages": ["numpy==1.25.2"], "children": null, "split_generation": 1}],
             "split_generation": 0}\
            """, "t.json", folder);
        assertEquals(2, tree.size());
    }

    @Test
    void theSettingTakesAPathTextAnObjectOrNothing() throws Exception {
        String json = "{\"packages\": [], \"children\": [{\"packages\": [\"numpy\"]}]}";
        file("tree.json", json);
        Map<String, Object> inline = Map.of("children", List.of(Map.of("packages", List.of("numpy"))));
        assertAll(
                () -> assertEquals(
                        2, TreeReader.setting(Optional.of("tree.json"), folder).size()),
                () -> assertEquals(
                        2,
                        TreeReader.setting(
                                        Optional.of(folder.resolve("tree.json").toString()), folder)
                                .size()),
                () -> assertEquals(
                        2, TreeReader.setting(Optional.of(" " + json), folder).size()),
                () -> assertEquals(
                        2, TreeReader.setting(Optional.of(inline), folder).size()),
                () -> assertEquals(TreeReader.bundled(), TreeReader.setting(Optional.empty(), folder)),
                () -> assertEquals(TreeReader.bundled(), TreeReader.setting(Optional.of(""), folder)));
    }

    @Test
    void anInlineTreeNamesItsPlaceInTheConfig() {
        Map<String, Object> inline = Map.of("children", List.of(Map.of("packages", Arrays.asList("numpy", 3))));
        ConfigException error =
                assertThrows(ConfigException.class, () -> TreeReader.setting(Optional.of(inline), folder));
        assertEquals("config.json: $.import_cache_tree.children[0].packages[1]", error.where());
    }

    @Test
    void aPathThatDoesNotExistIsRefusedWithTheWholePath() {
        ConfigException error =
                assertThrows(ConfigException.class, () -> TreeReader.setting(Optional.of("no.json"), folder));
        assertTrue(error.getMessage().contains(folder.resolve("no.json").toString()), error.getMessage());
        assertTrue(error.where().endsWith("$.import_cache_tree"), error.where());
    }

    @Test
    void aSettingOfAnotherTypeIsRefused() {
        assertThrows(ConfigException.class, () -> TreeReader.setting(Optional.of(40), folder));
        assertThrows(ConfigException.class, () -> TreeReader.setting(Optional.of("a\0b"), folder));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "{\"packges\":[]}                                             | $.packges                    | did you"
                        + " mean 'packages'",
                "{\"children\":[{\"Packages\":[\"a\"]}]}                      | $.children[0].Packages       | did you"
                        + " mean 'packages'",
                "{\"children\":[{\"child\":[]}]}                              | $.children[0].child          | did you"
                        + " mean 'children'",
                "{\"packages\":[\"numpy\"]}                                   | $.packages                   | root"
                        + " must have no packages",
                "{\"children\":[{\"packages\":[\"a\",\"A\"]}]}                | $.children[0].packages[1]    | stands"
                        + " on this path already",
                "{\"children\":[{\"packages\":[\"a_b\"],\"children\":[{\"packages\":[\"A.b\"]}]}]} |"
                        + " $.children[0].children[0].packages[0] | $.children[0].packages[0]",
                "{\"children\":[{\"packages\":[\"a==1\"],\"children\":[{\"packages\":[\"a==2\"]}]}]} |"
                        + " $.children[0].children[0].packages[0] | conflicts with a==1",
                "{\"children\":[{\"packages\":[\"a==1\",\"a\"]}]}             | $.children[0].packages[1]    |"
                        + " conflicts with a==1",
                "{\"children\":[{\"packages\":[\"../etc\"]}]}                 | $.children[0].packages[0]    | not a"
                        + " package name",
                "{\"children\":[{\"packages\":[\"a>=1\"]}]}                   | $.children[0].packages[0]    | not a"
                        + " package name",
                "{\"children\":[{\"packages\":[\"a==\"]}]}                    | $.children[0].packages[0]    | not a"
                        + " version",
                "{\"children\":[{\"packages\":[7]}]}                          | $.children[0].packages[0]    | number",
                "{\"children\":[{\"packages\":\"numpy\"}]}                    | $.children[0].packages       | list of"
                        + " package names",
                "{\"children\":{}}                                            | $.children                   | list of"
                        + " nodes",
                "{\"children\":[\"numpy\"]}                                   | $.children[0]                | must be"
                        + " an object",
                "{\"children\":[null]}                                        | $.children[0]                | must be"
                        + " an object",
                "[]                                                           | $                            | must be"
                        + " an object",
                "#  #                                                         | $                            | is"
                        + " empty",
                "{\"children\":[{\"include\":\"x.json\",\"packages\":[]}]}    | $.children[0].include        | of its"
                        + " own",
                "{\"children\":[{\"include\":\"none.json\"}]}                 | $.children[0].include        | no file",
                "{\"children\":[{\"include\":5}]}                             | $.children[0].include        | path of"
                        + " a file",
            })
    void aFaultIsRefusedWithItsJsonPathAndReason(String json, String path, String reason) {
        ConfigException error = refused(json);
        assertEquals("t.json: " + path, error.where());
        assertTrue(error.getMessage().contains(reason), error.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "{\"children\": [}     | line 1, column 15",
                "{\"children\": []} x  | line 1, column",
                "{\"children\": [      | line 1, column",
                "{\"packages\":[],\"packages\":[]} | line 1, column",
            })
    void whatIsNotJsonIsRefusedWithLineAndColumn(String json, String where) {
        ConfigException error = refused(json);
        assertTrue(error.where().startsWith("t.json: " + where), error.where());
        assertTrue(error.getMessage().contains("is not JSON"), error.getMessage());
    }

    @Test
    void anIncludeStandsForTheNodeOrForTheChildrenOfAWholeTree() throws Exception {
        Files.createDirectory(folder.resolve("sub"));
        file("sub/web.json", "{\"packages\": [\"flask\"], \"children\": [{\"include\": \"more.json\"}]}");
        file(
                "sub/more.json",
                "{\"packages\": [], \"children\": [{\"packages\": [\"jinja2\"]}, {\"packages\": [\"click\"]}]}");
        ZygoteTree tree = TreeReader.file(file("main.json", "{\"children\": [{\"include\": \"sub/web.json\"}]}"));
        assertEquals("(root)\n└─ flask\n   ├─ jinja2\n   └─ click\n", TreeText.of(tree));
    }

    @Test
    void anIncludeThatLeadsBackIsRefused() throws Exception {
        file("b.json", "{\"packages\": [\"x\"], \"children\": [{\"include\": \"a.json\"}]}");
        Path a = file("a.json", "{\"children\": [{\"include\": \"b.json\"}]}");
        ConfigException error = assertThrows(ConfigException.class, () -> TreeReader.file(a));
        assertTrue(error.getMessage().contains("circle"), error.getMessage());
        assertTrue(error.where().endsWith("b.json: $.children[0].include"), error.where());
    }

    @Test
    void aFileMayBeIncludedTwiceInDifferentPlaces() throws Exception {
        file("leaf.json", "{\"packages\": [\"x\"]}");
        Path main = file(
                "main.json",
                "{\"children\": [{\"include\": \"leaf.json\"},"
                        + " {\"packages\": [\"y\"], \"children\": [{\"include\": \"leaf.json\"}]}]}");
        assertEquals(4, TreeReader.file(main).size());
    }

    @Test
    void aConflictAcrossAnIncludeNamesBothFiles() throws Exception {
        file("inner.json", "{\"packages\": [\"numpy==2\"]}");
        Path main = file(
                "main.json",
                "{\"children\": [{\"packages\": [\"numpy==1\"], \"children\": [{\"include\": \"inner.json\"}]}]}");
        ConfigException error = assertThrows(ConfigException.class, () -> TreeReader.file(main));
        assertTrue(error.where().endsWith("inner.json: $.packages[0]"), error.where());
        assertTrue(error.getMessage().contains("main.json: $.children[0].packages[0]"), error.getMessage());
    }

    private static String chain(int zygotes) {
        StringBuilder json = new StringBuilder("{\"packages\": []");
        for (int i = 1; i < zygotes; i++) {
            json.append(", \"children\": [{\"packages\": [\"p").append(i).append("\"]");
        }
        return json + "}]".repeat(zygotes - 1) + "}";
    }

    @Test
    void aPathMayHave25ZygotesAndNotOneMore() throws Exception {
        assertEquals(25, TreeReader.text(chain(25), "t.json", folder).size());
        ConfigException error = refused(chain(26));
        assertEquals("t.json: $" + ".children[0]".repeat(25), error.where());
        assertTrue(error.getMessage().contains("25"), error.getMessage());
        assertThrows(ConfigException.class, () -> TreeReader.text(chain(5000), "t.json", folder));
    }

    @Test
    void theTreeThatComesWithThePluginHas40NodesWithoutVersions() {
        ZygoteTree tree = TreeReader.bundled();
        assertEquals(40, tree.size());
        tree.places()
                .forEach(place -> place.node()
                        .packages()
                        .forEach(p -> assertEquals(Optional.empty(), p.version(), p.toString())));
    }

    @ParameterizedTest
    @CsvSource({
        "numpy",
        "pandas",
        "matplotlib",
        "requests",
        "flask",
        "scikit-learn",
        "sqlalchemy",
        "boto3",
        "aiohttp",
        "pyyaml"
    })
    void theTreeThatComesWithThePluginHasThePackageThatManyAskFor(String name) {
        assertTrue(TreeReader.bundled().places().stream()
                .anyMatch(place -> place.node().packages().contains(Requirement.parse(name))));
    }
}
