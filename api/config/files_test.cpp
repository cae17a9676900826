// SPDX-License-Identifier: Apache-2.0
#include "api/config/files.hpp"
#include "api/testing/temp_dir.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace api::config {
namespace {

using ::testing::HasSubstr;

constexpr uid_t nobody = 65534;

class FilesTest : public ::testing::Test {
protected:
    /// A file as an operator left it.
    void make(mode_t mode) {
        std::ofstream(path_) << "old\n";
        ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    }
    mode_t mode() const {
        struct stat status {};
        EXPECT_EQ(stat(path_.c_str(), &status), 0);
        return status.st_mode & 07777;
    }

    const api::testing::TempDir own_;
    const std::string& folder_ = own_.path();
    const std::string path_ = folder_ + "/sluice.conf";
};

TEST_F(FilesTest, AreWrittenWholeAndLeaveNothingBesideThem) {
    ASSERT_TRUE(write_file(path_, "one\n").ok());
    EXPECT_EQ(mode(), 0640U);
    ASSERT_TRUE(write_file(path_, "two\n").ok());
    EXPECT_EQ(*read_file(path_), "two\n");
    const auto files = std::filesystem::directory_iterator(folder_);
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(FilesTest, KeepTheirModeAndStayBehindALink) {
    make(0604);
    const std::string link = folder_ + "/link";
    std::filesystem::create_symlink(path_, link);
    ASSERT_TRUE(write_file(link, "two\n").ok());
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(*read_file(path_), "two\n");
    EXPECT_EQ(mode(), 0604U);
}

/// As the service does, which may change no file's owner.
TEST_F(FilesTest, WhoMayNotGiveFilesAwayGivesItsGroupNoMoreThanEverybodyHad) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "only root has a file that is another's, and can become that other";
    }
    ASSERT_EQ(::chown(folder_.c_str(), nobody, nobody), 0);
    for (const auto& [before, after] : {std::pair{0664, 0644}, {0640, 0600}, {0600, 0600}}) {
        make(mode_t(before));
        const pid_t child = fork();
        if (child == 0) {
            const bool good = setresgid(nobody, nobody, nobody) == 0 &&
                              setresuid(nobody, nobody, nobody) == 0 &&
                              write_file(path_, "new\n").ok();
            _exit(good ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(read_file(path_).value(), "new\n");
        EXPECT_EQ(mode(), mode_t(after));
        std::filesystem::remove(path_);
    }
}

TEST_F(FilesTest, SaysWhatIsWrong) {
    const std::string missing = folder_ + "/none/sluice.conf";
    EXPECT_EQ(read_file(missing).status().message(),
              "cannot read '" + missing + "': No such file or directory");
    EXPECT_EQ(write_file(missing, "").message(),
              "cannot make a file beside '" + missing + "': No such file or directory");
    EXPECT_THAT(std::string(read_file(folder_).status().message()),
                HasSubstr("is not a file of text"));
    EXPECT_THAT(std::string(write_file(folder_, "").message()),
                HasSubstr("is no file that could be written over"));
}

}  // namespace
}  // namespace api::config
