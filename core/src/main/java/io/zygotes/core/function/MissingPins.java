package io.zygotes.core.function;

import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Says which packages are needed and not pinned, where something failed that may be for want of one. */
final class MissingPins {

    /** What Python says then. */
    private static final List<String> SIGNS =
            List.of("No module named", "cannot import name", "DistributionNotFound", "PackageNotFoundError");

    private static final Pattern MODULE = Pattern.compile("No module named '?([A-Za-z_]\\w*+)((?:\\.\\w++)*+)");

    /** Packages whose modules have another name; those that most functions ask for. */
    private static final Map<String, String> PACKAGES = Map.ofEntries(
            Map.entry("attr", "attrs"),
            Map.entry("bs4", "beautifulsoup4"),
            Map.entry("Crypto", "pycryptodome"),
            Map.entry("cv2", "opencv-python-headless"),
            Map.entry("dateutil", "python-dateutil"),
            Map.entry("distutils", "setuptools"),
            Map.entry("docx", "python-docx"),
            Map.entry("dotenv", "python-dotenv"),
            Map.entry("fitz", "pymupdf"),
            Map.entry("git", "gitpython"),
            Map.entry("google", "protobuf, or another one of Google's"),
            Map.entry("jose", "python-jose"),
            Map.entry("jwt", "pyjwt"),
            Map.entry("magic", "python-magic"),
            Map.entry("multipart", "python-multipart"),
            Map.entry("MySQLdb", "mysqlclient"),
            Map.entry("OpenSSL", "pyopenssl"),
            Map.entry("PIL", "pillow"),
            Map.entry("pkg_resources", "setuptools"),
            Map.entry("pptx", "python-pptx"),
            Map.entry("psycopg2", "psycopg2-binary"),
            Map.entry("serial", "pyserial"),
            Map.entry("skimage", "scikit-image"),
            Map.entry("sklearn", "scikit-learn"),
            Map.entry("slugify", "python-slugify"),
            Map.entry("socks", "pysocks"),
            Map.entry("yaml", "pyyaml"),
            Map.entry("zmq", "pyzmq"));

    private MissingPins() {}

    /**
     * What is missing, in a sentence or two.
     *
     * @param error what Python said
     * @param pins the packages of the lambda
     * @param packages what they need and hold
     * @return empty if nothing is missing, or the error has another reason
     */
    static Optional<String> told(String error, Set<PackageId> pins, Packages packages) {
        if (SIGNS.stream().noneMatch(error::contains)) {
            return Optional.empty();
        }
        List<PackageInfo> installed = new TreeSet<>(pins)
                .stream().map(packages::installed).flatMap(Optional::stream).toList();
        Set<String> names = pins.stream().map(PackageId::name).collect(Collectors.toSet());
        Matcher module = MODULE.matcher(error);
        if (!module.find()) {
            return unmet(installed, names);
        }
        String top = module.group(1);
        String wanted = PACKAGES.getOrDefault(top, new PackageId(top, "0").name());
        for (PackageInfo info : installed) {
            if (info.modules().contains(top)) {
                return Optional.of(info.id() + ", which is pinned, has no module " + top + module.group(2)
                        + "; another version may have it");
            }
            if (info.dependencies().contains(wanted) && !names.contains(wanted)) {
                return Optional.of("The module " + top + " comes with the package " + wanted + ", which "
                        + info.id().name() + " needs and which is not pinned" + howTo(wanted));
            }
        }
        return unmet(installed, names).or(() -> Optional.of(notPinned(top, names)));
    }

    private static String notPinned(String top, Set<String> names) {
        String other = PACKAGES.get(top);
        return other == null || names.contains(other)
                ? "No package that is pinned has the module " + top + ". If one on the index has it, add that to"
                        + " requirements.txt with its version, and what it needs, as pip-compile and pip freeze do;"
                        + " if it is a file of the lambda's own, it must lie at the top of its folder"
                : "The module " + top + " comes with the package " + other + ", which is not pinned" + howTo(other);
    }

    private static String howTo(String name) {
        return ": add " + name + "==VERSION to requirements.txt, and what that needs, as pip-compile and pip freeze do";
    }

    private static Optional<String> unmet(List<PackageInfo> installed, Set<String> names) {
        List<String> missing = new ArrayList<>();
        for (PackageInfo info : installed) {
            List<String> needed = info.dependencies().stream()
                    .filter(dependency -> !names.contains(dependency))
                    .toList();
            if (!needed.isEmpty()) {
                missing.add(info.id().name() + " needs " + String.join(", ", needed));
            }
        }
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of("requirements.txt does not pin all that its packages need: " + String.join("; ", missing)
                        + ". Pin indirect packages, too, as pip-compile and pip freeze do");
    }
}
