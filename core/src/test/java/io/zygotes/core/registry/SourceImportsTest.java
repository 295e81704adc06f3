package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceImportsTest {

    @TempDir
    private Path handler;

    @Test
    void importsAreFoundWhereverTheyStand() throws Exception {
        Files.writeString(handler.resolve("f.py"), """
            import os, json as j  # import nothing
            import xml.etree.ElementTree
            from sklearn.linear_model import (
                LinearRegression,  # one
                Ridge as R,
            )
            from PIL import Image; import io
            from a.b \\
                import c
            from . import sibling
            # import commented
            try: import ujson
            except ImportError: pass
            def f(event):
                from encodings import idna
                important = "import this? no"
                return event
            """);
        SourceImports found = SourceImports.of(handler);
        assertEquals(
                Set.of(
                        "os",
                        "json",
                        "xml.etree.ElementTree",
                        "sklearn.linear_model",
                        "PIL",
                        "io",
                        "a.b",
                        "ujson",
                        "encodings"),
                found.modules());
        assertEquals(
                Set.of(
                        "sklearn.linear_model.LinearRegression",
                        "sklearn.linear_model.Ridge",
                        "PIL.Image",
                        "a.b.c",
                        "encodings.idna"),
                found.perhaps());
    }

    @Test
    void modulesOfItsOwnAreReadAndAreNoImports() throws Exception {
        Files.writeString(handler.resolve("f.py"), "import helper, part.more, csv\n");
        Files.writeString(handler.resolve("helper.py"), "from email import message\nimport f\n");
        Files.writeString(Files.createDirectory(handler.resolve("part")).resolve("more.py"), "import sqlite3\n");
        SourceImports found = SourceImports.of(handler);
        assertEquals(Set.of("csv", "email", "sqlite3"), found.modules());
        assertEquals(Set.of("email.message"), found.perhaps());
    }

    @Test
    void aFolderThatIsGoneImportsNothing() {
        assertEquals(SourceImports.NONE, SourceImports.of(handler.resolve("gone")));
    }
}
