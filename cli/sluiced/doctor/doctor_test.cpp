// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/sluiced/doctor/examine.hpp"
#include "cli/sluiced/doctor/probe.hpp"

namespace cli::doctor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A machine in which nothing is amiss for two workers on cores 2 and 3.
System good_system() {
    System system;
    system.hugepages = {{2048, 512, 512}};
    system.hugepage_mb_of_node = {{0, 1024}};
    system.hugetlbfs_mounted = true;
    system.available_mb = 8000;
    for (unsigned id = 0; id < 4; ++id) {
        system.cores.push_back({id, true, 0, {id}, "performance"});
        system.allowed_cores.insert(id);
    }
    system.isolated_cores = {2, 3};
    for (const char* flag :
         {"cx16",     "lahf_lm",      "popcnt",     "sse4_1",   "sse4_2",   "ssse3",
          "avx",      "avx2",         "bmi1",       "bmi2",     "f16c",     "fma",
          "abm",      "movbe",        "avx512f",    "avx512bw", "avx512cd", "avx512dq",
          "avx512vl", "constant_tsc", "nonstop_tsc"}) {
        system.cpu_flags.insert(flag);
    }
    system.clock_source = "tsc";
    system.pci = {{"0000:01:00.0", "8086:1572", "vfio-pci", 0, {}}};
    system.iommu = system.vfio_loaded = system.tun_device = true;
    system.interfaces = {{"eth1", true, false, Offloads{}}};
    system.capabilities = {12, 13, 14};
    system.socket_folder = "/run/sluice";
    system.socket_folder_writable = true;
    return system;
}

Options good_options() {
    Options options;
    options.workers = 2;
    options.cores = {2, 3};
    options.pci = true;
    return options;
}

/// The one finding about a topic that is not ok, which must be there.
Finding only(const Findings& findings, const std::string& topic) {
    Findings found;
    for (const Finding& finding : findings) {
        if (finding.topic == topic && finding.level != Level::ok) {
            found.push_back(finding);
        }
    }
    EXPECT_EQ(found.size(), 1U) << topic << ":\n" << as_text(findings);
    return found.empty() ? Finding() : found.front();
}

TEST(Doctor, FindsNothingWhereNothingIsAmiss) {
    const Findings findings = examine(good_system(), good_options());
    EXPECT_EQ(worst(findings), Level::ok) << as_text(findings);
    EXPECT_THAT(as_text(findings), HasSubstr("0 to note, 0 to mend, 0 in the way\n"));
}

TEST(Doctor, SaysHowManyHugepagesAreMissing) {
    System system = good_system();
    system.hugepages = {{2048, 100, 100}, {1048576, 0, 0}};
    const Finding finding = only(examine(system, good_options()), "hugepages");
    EXPECT_EQ(finding.level, Level::warning);
    EXPECT_THAT(finding.sentence, HasSubstr("200 MB of hugepages are free and 256 MB"));
    EXPECT_EQ(finding.remedy, "echo 128 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
    EXPECT_FALSE(finding.cost.empty());

    system.runs_on_hugepages = true;
    EXPECT_EQ(worst(examine(system, good_options())), Level::ok);
}

TEST(Doctor, FindsTooLittleMemory) {
    System system = good_system();
    system.hugepages = {{2048, 0, 0}};
    system.available_mb = 100;
    EXPECT_EQ(only(examine(system, good_options()), "memory").level, Level::error);
}

TEST(Doctor, FindsALockLimitUnlessItDoesNotApply) {
    System system = good_system();
    system.memlock_bytes = 8 << 20;
    EXPECT_EQ(worst(examine(system, good_options())), Level::ok);
    system.capabilities.erase(14);
    EXPECT_THAT(only(examine(system, good_options()), "memlock").remedy, HasSubstr("ulimit -l"));
}

TEST(Doctor, NamesCoresThatCannotBeHad) {
    Options options = good_options();
    options.cores = {2, 7};
    System system = good_system();
    const Finding finding = only(examine(system, options), "cores");
    EXPECT_EQ(finding.level, Level::error);
    EXPECT_THAT(finding.sentence, HasSubstr("--cores names 7;"));
}

TEST(Doctor, FindsSiblingsGovernorsPublicCoresAndNodes) {
    System system = good_system();
    system.cores[2].siblings = system.cores[3].siblings = {2, 3};
    system.cores[3].governor = "powersave";
    system.cores[3].numa_node = 1;
    system.isolated_cores = {2};
    const Findings findings = examine(system, good_options());
    EXPECT_THAT(only(findings, "cores").sentence, HasSubstr("cores 2,3 are threads of the same"));
    EXPECT_THAT(only(findings, "governor").sentence, HasSubstr("cores 3 "));
    EXPECT_THAT(only(findings, "isolation").remedy, HasSubstr("isolcpus=3 "));
    Findings numa;
    std::copy_if(findings.begin(), findings.end(), std::back_inserter(numa),
                 [](const Finding& finding) { return finding.topic == "numa"; });
    ASSERT_EQ(numa.size(), 2U) << "the cores, and the device";
    EXPECT_THAT(numa[0].sentence, HasSubstr("NUMA nodes 0,1"));
    EXPECT_THAT(numa[1].sentence, HasSubstr("0000:01:00.0 is on NUMA node 0"));
}

TEST(Doctor, FindsHugepagesOnTheOtherNode) {
    System system = good_system();
    system.hugepage_mb_of_node = {{0, 0}, {1, 1024}};
    EXPECT_THAT(only(examine(system, good_options()), "numa").remedy, HasSubstr("node/node0/"));
}

TEST(Doctor, SaysWhatTheProcessorLacks) {
    System system = good_system();
    system.cpu_flags.erase("avx2");
    EXPECT_EQ(only(examine(system, good_options()), "cpu").level, Level::note);
    system.cpu_flags.erase("ssse3");
    EXPECT_EQ(only(examine(system, good_options()), "cpu").level, Level::error);
    system = good_system();
    system.cpu_flags.erase("nonstop_tsc");
    EXPECT_THAT(only(examine(system, good_options()), "clock").sentence, HasSubstr("nonstop_tsc"));
}

TEST(Doctor, SaysHowADeviceBecomesAPort) {
    System system = good_system();
    system.pci.push_back({"0000:02:00.0", "1af4:1000", "virtio-pci", -1, {"eth1"}});
    const Finding kernel = only(examine(system, good_options()), "devices");
    EXPECT_THAT(kernel.sentence, HasSubstr("virtio-pci as eth1"));
    EXPECT_THAT(kernel.remedy, HasSubstr("--bind=vfio-pci 0000:02:00.0"));
    system.pci.pop_back();
    Options options = good_options();
    options.pci = false;
    EXPECT_EQ(only(examine(system, options), "devices").remedy, "give --pci");
    system.iommu = false;
    EXPECT_EQ(only(examine(system, good_options()), "iommu").level, Level::note);
}

TEST(Doctor, LooksAtTheInterfacesOfTheConfiguration) {
    System system = good_system();
    Options options = good_options();
    options.config = "router.conf";
    system.config_text =
        "add port a device \"net_af_packet0,iface=eth1\"\nadd port b device "
        "\"net_af_packet1,iface=eth9,blocksz=4096\"\n";
    system.interfaces[0].offloads = Offloads{true, false, false, true, false};
    system.interfaces[0].veth = true;
    const Findings findings = examine(system, options);
    EXPECT_THAT(only(findings, "interfaces").sentence, HasSubstr("a port of eth9,"));
    EXPECT_EQ(worst(findings), Level::error);
    std::string remedies;
    for (const Finding& finding : findings) {
        remedies += finding.topic == "offloads" ? finding.remedy + "\n" : "";
    }
    EXPECT_THAT(remedies, HasSubstr("ethtool -K eth1 gro off tx off\n"));
    EXPECT_THAT(remedies, HasSubstr("FAR-END"));
}

TEST(Doctor, FindsWhatIsInTheSocketsPlace) {
    System system = good_system();
    system.running_daemon = 42;
    EXPECT_THAT(only(examine(system, good_options()), "socket").sentence,
                HasSubstr("process 42 serves"));
    system = good_system();
    system.socket_folder_writable = false;
    EXPECT_EQ(only(examine(system, good_options()), "socket").level, Level::error);
}

TEST(Doctor, NamesMissingRights) {
    System system = good_system();
    system.capabilities = {13};
    system.tun_device = false;
    const Findings findings = examine(system, good_options());
    EXPECT_EQ(only(findings, "permissions").sentence, "cap_net_admin,cap_ipc_lock missing");
    EXPECT_EQ(only(findings, "tap").remedy, "modprobe tun");
}

TEST(Doctor, NamesOptionsAndFilesThatAreWrong) {
    Options options = good_options();
    options.config = "/nonexistent";
    options.buffers = 1;
    options.plugin_paths = {"/nonexistent"};
    const Findings findings = examine(good_system(), options);
    EXPECT_THAT(only(findings, "options").sentence, HasSubstr("--buffers 1"));
    EXPECT_EQ(only(findings, "config").level, Level::error);
    EXPECT_EQ(only(findings, "plugins").level, Level::warning);
}

/// A folder that looks like /, gone with the test.
class FakeRoot {
public:
    FakeRoot() {
        std::string pattern = ::testing::TempDir() + "doctor-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    ~FakeRoot() { fs::remove_all(path_); }
    FakeRoot& file(const std::string& name, const std::string& text) {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text << "\n";
        return *this;
    }
    FakeRoot& link(const std::string& name, const std::string& target) {
        fs::create_directories((path_ / name).parent_path());
        fs::create_symlink(target, path_ / name);
        return *this;
    }
    System probe() const {
        System system;
        probe_files(path_, system);
        return system;
    }

private:
    fs::path path_;
};

TEST(DoctorProbe, ReadsAMachine) {
    FakeRoot root;
    const std::string cpu = "sys/devices/system/cpu/";
    const std::string pci = "sys/bus/pci/devices/";
    root.file("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64")
        .file("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "60")
        .file("sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "60")
        .file("proc/mounts", "none /dev/hugepages hugetlbfs rw 0 0")
        .file("proc/meminfo", "MemTotal: 4096000 kB\nMemAvailable: 2048000 kB")
        .file("proc/cpuinfo", "processor : 0\nflags\t\t: fpu avx2 constant_tsc\n")
        .file(cpu + "cpu0/topology/thread_siblings_list", "0,2")
        .file(cpu + "cpu2/online", "0")
        .file(cpu + "cpu2/cpufreq/scaling_governor", "powersave")
        .file(cpu + "cpu2/node1/x", "")
        .file(cpu + "cpufreq/x", "")
        .file(cpu + "isolated", "2-3")
        .file("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet")
        .file(pci + "0000:00:03.0/class", "0x020000")
        .file(pci + "0000:00:03.0/vendor", "0x1af4")
        .file(pci + "0000:00:03.0/device", "0x1041")
        .file(pci + "0000:00:03.0/numa_node", "1")
        .file(pci + "0000:00:03.0/virtio1/net/eth0/ifindex", "2")
        .link(pci + "0000:00:03.0/driver", "../../drivers/virtio-pci")
        .file(pci + "0000:00:04.0/class", "0x010000")
        .file("sys/kernel/iommu_groups/0/x", "")
        .file("sys/class/net/eth0/operstate", "up")
        .file("sys/class/net/lo/operstate", "unknown")
        .file("sys/class/net/veth1/operstate", "down");
    const System system = root.probe();
    ASSERT_EQ(system.hugepages.size(), 1U);
    EXPECT_EQ(system.hugepages[0].total, 64U);
    EXPECT_EQ(system.hugepage_mb_of_node.at(1), 120U);
    EXPECT_TRUE(system.hugetlbfs_mounted);
    EXPECT_EQ(system.available_mb, 2000U);
    EXPECT_TRUE(system.cpu_flags.contains("avx2"));
    ASSERT_EQ(system.cores.size(), 2U);
    EXPECT_THAT(system.cores[0].siblings, ElementsAre(0, 2));
    EXPECT_FALSE(system.cores[1].online);
    EXPECT_EQ(system.cores[1].governor, "powersave");
    EXPECT_EQ(system.cores[1].numa_node, 1);
    EXPECT_THAT(system.isolated_cores, ElementsAre(2, 3));
    EXPECT_EQ(system.clock_source, "hpet");
    ASSERT_EQ(system.pci.size(), 1U);
    EXPECT_EQ(system.pci[0].id, "1af4:1041");
    EXPECT_EQ(system.pci[0].driver, "virtio-pci");
    EXPECT_EQ(system.pci[0].numa_node, 1);
    EXPECT_THAT(system.pci[0].interfaces, ElementsAre("eth0"));
    EXPECT_TRUE(system.iommu);
    EXPECT_FALSE(system.tun_device);
    ASSERT_EQ(system.interfaces.size(), 2U);
    EXPECT_TRUE(system.interfaces[0].up);
    EXPECT_FALSE(system.interfaces[1].up);
}

TEST(DoctorProbe, BearsAMachineWithoutAnything) {
    const System system = FakeRoot().probe();
    EXPECT_TRUE(system.cores.empty());
    EXPECT_EQ(worst(examine(system, Options())), Level::error);
}

TEST(DoctorProbe, LooksAtThisMachine) {
    Options options;
    options.socket = ::testing::TempDir() + "doctor.sock";
    const System system = probe(options);
    EXPECT_FALSE(system.allowed_cores.empty());
    EXPECT_GE(system.cores.size(), system.allowed_cores.size());
    EXPECT_TRUE(system.cpu_flags.contains("sse4_2"));
    EXPECT_GT(system.available_mb, 0U);
    EXPECT_TRUE(system.socket_folder_writable);
    EXPECT_FALSE(system.running_daemon);
}

TEST(DoctorProbe, ReadsSetsOfCores) {
    EXPECT_THAT(parse_set("0-2,5\n"), ElementsAre(0, 1, 2, 5));
    EXPECT_TRUE(parse_set("").empty());
    EXPECT_TRUE(parse_set("x,3-1,0-99999999").empty());
}

}  // namespace
}  // namespace cli::doctor
