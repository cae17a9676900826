// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/testing/temp_dir.hpp"
#include "cli/schema/schema.hpp"

namespace cli::compat::testing {

using Texts = std::map<std::string, std::string>;

/// An API of some .proto files, by their names; they may import those of api/proto.
class Api {
public:
    explicit Api(const Texts& texts) : texts_(texts) {
        std::string words;
        for (const auto& [file, text] : texts) {
            std::filesystem::create_directories((folder_ / "tree" / file).parent_path());
            std::ofstream(folder_ / "tree" / file) << text;
            words += " " + file;
        }
        const std::string set = (folder_ / "set").string();
        const std::string command = "cd " + (folder_ / "tree").string() +
                                    " && " PROTOC " --include_imports --descriptor_set_out=" + set +
                                    " -I. -I" PROTO_PATH + words;
        if (words.empty()) {
            std::ofstream(set) << "";
        } else if (std::system(command.c_str()) != 0) {
            ADD_FAILURE() << "protoc refuses the test's files";
        }
        schema_ = std::make_unique<schema::Schema>(set);
        std::vector<std::string> names;
        for (const auto& [file, text] : texts) {
            names.push_back(file);
        }
        schema_->keep(names);
    }
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    const schema::Schema& schema() const { return *schema_; }
    /// For what a test writes itself; it goes with this.
    const std::filesystem::path& folder() const { return folder_; }
    const Texts& texts() const { return texts_; }

private:
    Texts texts_;
    const api::testing::TempDir own_;
    const std::filesystem::path folder_ = own_.path();
    std::unique_ptr<schema::Schema> schema_;
};

/// A small API with one of each thing: a.proto.
inline std::string small_api() {
    return R"(syntax = "proto3";
package net;
import "api/proto/options.proto";
import "api/proto/types.proto";

service Doors {
  rpc Open(Door) returns (sluice.Empty) {
    option (sluice.cli) = "open <name> [for <seconds>] [color <color>]";
    option (sluice.undo) = "close <name>";
    option (sluice.writes) = true;
  }
  rpc Close(Name) returns (sluice.Empty) {
    option (sluice.cli) = "close <name>";
    option (sluice.writes) = true;
  }
  rpc List(sluice.Empty) returns (stream Door) {
    option (sluice.cli) = "show door";
  }
  rpc Old(sluice.Empty) returns (sluice.Empty) {
    option deprecated = true;
  }
}

message Door {
  string name = 1;
  optional uint32 seconds = 2 [(sluice.unit) = "s"];
  Color color = 3;
  repeated uint32 floors = 4;
  map<string, uint32> keys = 5;
  oneof lock {
    string code = 6;
    bool bolt = 7;
  }
  uint64 weight = 8 [deprecated = true];
  uint32 height = 9;
  string paint_name = 12 [json_name = "paint"];
  reserved 20 to 22, 30;
  reserved "width";
  message Hinge {
    bool oiled = 1;
  }
}

message Name {
  string name = 1;
}

message Past {
  option deprecated = true;
}

enum Color {
  COLOR_RED = 0;
  COLOR_GREEN = 1;
  COLOR_BLACK = 4;
  COLOR_BROWN = 2 [deprecated = true];
  reserved 7;
}
)";
}

}  // namespace cli::compat::testing
