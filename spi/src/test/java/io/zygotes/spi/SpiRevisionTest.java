package io.zygotes.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The revision says what a plugin may call, so it grows with everything that is added. (What changes or goes is found
 * by japicmp in the build.)
 */
class SpiRevisionTest {

    private static final Path BASELINE = Path.of("src/baseline/spi.jar");
    private static final Path CLASSES = Path.of("target/classes");

    @Test
    void aLargerContractHasANewerRevision() throws Exception {
        Set<String> before = new TreeSet<>();
        String revision;
        // No parent: the platform's loader would find the present SPI, which is a module of the application's loader.
        try (URLClassLoader loader =
                        new URLClassLoader(new URL[] {BASELINE.toUri().toURL()}, null);
                JarFile jar = new JarFile(BASELINE.toFile())) {
            for (String name : jar.stream().map(entry -> entry.getName()).toList()) {
                describe(name, loader, before);
            }
            revision = (String) loader.loadClass(SpiVersion.class.getName())
                    .getField("CURRENT")
                    .get(null);
        }
        Set<String> now = new TreeSet<>();
        for (String name : classFiles()) {
            describe(name, SpiVersion.class.getClassLoader(), now);
        }
        assertTrue(before.size() > 100, "the baseline is empty");
        Set<String> added = new TreeSet<>(now);
        added.removeAll(before);
        if (!added.isEmpty()) {
            assertTrue(
                    newer(SpiVersion.CURRENT, revision),
                    () -> "SpiVersion.CURRENT is still " + SpiVersion.CURRENT + " although this was added: " + added
                            + "; docs/plugins.md says how to make a new revision");
        }
    }

    private static boolean newer(String now, String before) {
        int[] a = Arrays.stream(now.split("\\.")).mapToInt(Integer::parseInt).toArray();
        int[] b = Arrays.stream(before.split("\\.")).mapToInt(Integer::parseInt).toArray();
        return Arrays.compare(a, b) > 0;
    }

    @Test
    void everyPublicTypeSaysHowStableItIs() throws Exception {
        for (String name : classFiles()) {
            if (isType(name)) {
                Class<?> type = Class.forName(className(name), false, SpiVersion.class.getClassLoader());
                if (Modifier.isPublic(type.getModifiers()) && type.getEnclosingClass() == null) {
                    Stability stability = type.getAnnotation(Stability.class);
                    assertNotNull(stability, () -> type + " has no @Stability");
                    assertEquals(
                            type.getPackageName().endsWith(".mechanism")
                                    ? Stability.Level.EVOLVING
                                    : Stability.Level.STABLE,
                            stability.value());
                }
            }
        }
    }

    private static List<String> classFiles() throws IOException {
        try (Stream<Path> all = Files.walk(CLASSES)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> CLASSES.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    private static boolean isType(String file) {
        return file.endsWith(".class") && !file.endsWith("-info.class");
    }

    private static String className(String file) {
        return file.substring(0, file.length() - ".class".length()).replace('/', '.');
    }

    private static void describe(String file, ClassLoader loader, Set<String> members) throws ClassNotFoundException {
        if (!isType(file) || file.contains("/mechanism/")) {
            return;
        }
        Class<?> type = Class.forName(className(file), false, loader);
        if (!Modifier.isPublic(type.getModifiers())) {
            return;
        }
        members.add(type.getName());
        for (Field field : type.getDeclaredFields()) {
            if (Modifier.isPublic(field.getModifiers())) {
                members.add(field.toGenericString());
            }
        }
        for (Method method : type.getDeclaredMethods()) {
            addVisible(method, members);
        }
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            addVisible(constructor, members);
        }
    }

    private static void addVisible(Executable member, Set<String> members) {
        if (Modifier.isPublic(member.getModifiers()) && !member.isSynthetic()) {
            members.add(member.toGenericString());
        }
    }
}
