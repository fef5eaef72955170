// What the importer of C headers cannot see of HDF5: names that are macros, and calls whose form depends on the version.

// Debian keeps the serial and the parallel build apart.
#if __has_include(<hdf5/serial/hdf5.h>)
#include <hdf5/serial/hdf5.h>
#else
#include <hdf5.h>
#endif

static inline hid_t citius_h5_float32(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t citius_h5_float64(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t citius_h5_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t citius_h5_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t citius_h5_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t citius_h5_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t citius_h5_string(void) { return H5T_C_S1; }
static inline hid_t citius_h5_dataset_creation(void) { return H5P_DATASET_CREATE; }

// Errors come back as values, not as text on the standard error stream; no filter is loaded from a file.
static inline void citius_h5_prepare(void) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
}

// A file in memory with these bytes, for reading. Negative on failure.
static inline hid_t citius_h5_open(const void *bytes, size_t count) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0) return -1;
    hid_t file = -1;
    if (H5Pset_fapl_core(access, 1 << 20, 0) >= 0 && H5Pset_file_image(access, (void *)bytes, count) >= 0)
        file = H5Fopen("memory", H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}

// An empty file in memory. Negative on failure.
static inline hid_t citius_h5_create(void) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0) return -1;
    hid_t file = -1;
    if (H5Pset_fapl_core(access, 1 << 20, 0) >= 0) file = H5Fcreate("memory", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    return file;
}

// The number of links in a group. Negative on failure.
static inline long long citius_h5_link_count(hid_t group) {
    H5G_info_t info;
    return H5Gget_info(group, &info) < 0 ? -1 : (long long)info.nlinks;
}

// The name of a link by its place in the order of names; its length, negative on failure.
static inline long long citius_h5_link_name(hid_t group, hsize_t index, char *name, size_t size) {
    return H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, name, size, H5P_DEFAULT);
}

// Whether a link is a hard one: 1 if so, 0 if it leads elsewhere, negative on failure.
static inline int citius_h5_is_hard_link(hid_t group, const char *name) {
    H5L_info_t info;
    if (H5Lget_info(group, name, &info, H5P_DEFAULT) < 0) return -1;
    return info.type == H5L_TYPE_HARD;
}

static inline hid_t citius_h5_open_object(hid_t group, const char *name) { return H5Oopen(group, name, H5P_DEFAULT); }

static inline hid_t citius_h5_create_group(hid_t parent, const char *name) {
    return H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

// Where a data set's elements lie: 0 in this file, 1 in other files or data sets, negative on failure.
static inline int citius_h5_is_elsewhere(hid_t dataset) {
    hid_t properties = H5Dget_create_plist(dataset);
    if (properties < 0) return -1;
    int external = H5Pget_external_count(properties);
    H5D_layout_t layout = H5Pget_layout(properties);
    H5Pclose(properties);
    if (external < 0 || layout == H5D_LAYOUT_ERROR) return -1;
    return external > 0 || layout == H5D_VIRTUAL;
}

static inline herr_t citius_h5_read(hid_t dataset, hid_t type, void *elements) {
    return H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements);
}

// The type of h5py's truths.
static inline hid_t citius_h5_create_bool(void) {
    hid_t type = H5Tcreate(H5T_ENUM, sizeof(signed char));
    if (type < 0) return -1;
    signed char value = 0;
    herr_t status = H5Tenum_insert(type, "FALSE", &value);
    value = 1;
    if (status < 0 || H5Tenum_insert(type, "TRUE", &value) < 0) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

// Writes a data set, without a date. Negative on failure.
static inline herr_t citius_h5_write(
    hid_t group, const char *name, hid_t type, int rank, const hsize_t *sizes, const void *elements) {
    herr_t status = -1;
    hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, sizes, NULL);
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    if (space >= 0 && properties >= 0 && H5Pset_obj_track_times(properties, 0) >= 0) {
        hid_t dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
        if (dataset >= 0) {
            status = H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements);
            if (H5Dclose(dataset) < 0) status = -1;
        }
    }
    if (properties >= 0) H5Pclose(properties);
    if (space >= 0) H5Sclose(space);
    return status;
}

// Writes a text as an attribute, as h5py does. Negative on failure.
static inline herr_t citius_h5_write_attribute(hid_t object, const char *name, const char *text) {
    herr_t status = -1;
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t type = H5Tcopy(H5T_C_S1);
    if (space >= 0 && type >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0) {
        hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
        if (attribute >= 0) {
            status = H5Awrite(attribute, type, &text);
            H5Aclose(attribute);
        }
    }
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return status;
}
