#include "codecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// A small file may hold scan after scan over all of its pixels, and take hours; a camera's has about ten.
enum { scan_limit = 100 };
enum { window_margin = 8 };

typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf start;
    /// Where sentences go; null while nobody asks for them.
    citius_image_fault *fault;
} error_manager;

static void fail(j_common_ptr cinfo) {
    error_manager *errors = (error_manager *)cinfo->err;
    if (errors->fault) {
        char text[JMSG_LENGTH_MAX];
        cinfo->err->format_message(cinfo, text);
        snprintf(errors->fault->text, sizeof errors->fault->text, "%s", text);
        int code = cinfo->err->msg_code;
        // A file that ends before its image is complete, or that has an image without an end.
        errors->fault->is_truncated = code == JWRN_JPEG_EOF || code == JERR_INPUT_EMPTY || code == JERR_INPUT_EOF;
        errors->fault->is_out_of_memory = code == JERR_OUT_OF_MEMORY;
    }
    longjmp(errors->start, 1);
}

/// What the library only warns of is an error here if pixels are missing or wrong.
static void warn(j_common_ptr cinfo, int level) {
    if (level >= 0) return;
    switch (cinfo->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_BOGUS_ICC:
    case JWRN_TOO_MUCH_DATA:
        cinfo->err->num_warnings++;
        return;
    default:
        fail(cinfo);
    }
}

static void print_nothing(j_common_ptr cinfo) { (void)cinfo; }

static struct jpeg_error_mgr *set_up(error_manager *errors) {
    jpeg_std_error(&errors->base);
    errors->base.error_exit = fail;
    errors->base.emit_message = warn;
    errors->base.output_message = print_nothing;
    errors->fault = NULL;
    return &errors->base;
}

struct citius_jpeg {
    struct jpeg_decompress_struct decompressor;
    error_manager errors;
    struct jpeg_progress_mgr progress;
    const uint8_t *end;
    /// A row of the decoder's, where it is not the caller's.
    uint8_t *row;
};

static void count_scans(j_common_ptr cinfo) {
    if (!cinfo->is_decompressor || ((j_decompress_ptr)cinfo)->input_scan_number <= scan_limit) return;
    error_manager *errors = (error_manager *)cinfo->err;
    if (errors->fault) snprintf(errors->fault->text, sizeof errors->fault->text, "It has more than %d scans", scan_limit);
    longjmp(errors->start, 1);
}

citius_jpeg *citius_jpeg_open(const uint8_t *bytes, size_t count, citius_image_fault *fault) {
    memset(fault, 0, sizeof *fault);
    citius_jpeg *jpeg = calloc(1, sizeof *jpeg);
    if (!jpeg) {
        fault->is_out_of_memory = true;
        return NULL;
    }
    j_decompress_ptr d = &jpeg->decompressor;
    d->err = set_up(&jpeg->errors);
    jpeg->errors.fault = fault;
    if (setjmp(jpeg->errors.start)) {
        citius_jpeg_close(jpeg);
        return NULL;
    }
    jpeg_create_decompress(d);
    jpeg->progress.progress_monitor = count_scans;
    d->progress = &jpeg->progress;
    jpeg_mem_src(d, bytes, count);
    jpeg->end = bytes + count;
    jpeg_read_header(d, TRUE);
    jpeg->errors.fault = NULL;
    if (d->num_components != 1 && d->num_components != 3 && d->num_components != 4) {
        snprintf(fault->text, sizeof fault->text, "It has %d components, expected 1, 3 or 4", d->num_components);
        citius_jpeg_close(jpeg);
        return NULL;
    }
    return jpeg;
}

void citius_jpeg_close(citius_jpeg *jpeg) {
    free(jpeg->row);
    jpeg_destroy_decompress(&jpeg->decompressor);
    free(jpeg);
}

int citius_jpeg_width(const citius_jpeg *jpeg) { return (int)jpeg->decompressor.image_width; }
int citius_jpeg_height(const citius_jpeg *jpeg) { return (int)jpeg->decompressor.image_height; }
int citius_jpeg_channels(const citius_jpeg *jpeg) { return jpeg->decompressor.num_components == 1 ? 1 : 3; }

/// x · y / 255, rounded.
static int product(int x, int y) {
    int t = x * y + 128;
    return ((t >> 8) + t) >> 8;
}

/// CMYK pixels as RGB or grey. Files hold them inverted, as Adobe's programs write them.
static void convert_cmyk(const uint8_t *cmyk, int width, int channels, uint8_t *pixels) {
    for (int x = 0; x < width; x++, cmyk += 4) {
        int red = product(cmyk[0], cmyk[3]), green = product(cmyk[1], cmyk[3]), blue = product(cmyk[2], cmyk[3]);
        if (channels == 1) {
            pixels[x] = (uint8_t)((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
        } else {
            pixels[3 * x] = (uint8_t)red;
            pixels[3 * x + 1] = (uint8_t)green;
            pixels[3 * x + 2] = (uint8_t)blue;
        }
    }
}

/// Whether the end of the image is still to come: looked for from behind, where it nearly always is.
static bool has_end(const uint8_t *from, const uint8_t *end) {
    for (const uint8_t *p = end - 2; p >= from; p--) {
        if (p[0] == 0xFF && p[1] == JPEG_EOI) return true;
    }
    return false;
}

bool citius_jpeg_read(
    citius_jpeg *jpeg, int divisor, int channels, int left, int top, int width, int height, uint8_t *pixels,
    citius_image_fault *fault
) {
    memset(fault, 0, sizeof *fault);
    j_decompress_ptr d = &jpeg->decompressor;
    jpeg->errors.fault = fault;
    if (setjmp(jpeg->errors.start)) return false;
    d->scale_num = (unsigned)(8 / divisor);
    d->scale_denom = 8;
    bool is_cmyk = d->num_components == 4;
    d->out_color_space = is_cmyk ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(d);
    JDIMENSION first = 0, columns = d->output_width;
    if (width < (int)d->output_width) {
        // Pixels at the edge of a window lack a neighbor that their color is smoothed by, and narrow windows are not
        // smoothed at all; so some more on each side.
        int last = left + width + window_margin;
        first = left > window_margin ? (JDIMENSION)(left - window_margin) : 0;
        columns = (last < (int)d->output_width ? (JDIMENSION)last : d->output_width) - first;
        jpeg_crop_scanline(d, &first, &columns);
    }
    size_t size = (size_t)d->output_width * (size_t)d->output_components;
    bool is_direct = !is_cmyk && first == 0 && (int)d->output_width == width;
    if (!is_direct && !(jpeg->row = malloc(size))) {
        fault->is_out_of_memory = true;
        return false;
    }
    if (top > 0) jpeg_skip_scanlines(d, (JDIMENSION)top);
    for (int y = 0; y < height; y++) {
        uint8_t *target = pixels + (size_t)y * (size_t)width * (size_t)channels;
        JSAMPROW row = is_direct ? target : jpeg->row;
        if (jpeg_read_scanlines(d, &row, 1) != 1) {
            snprintf(fault->text, sizeof fault->text, "Row %d cannot be read", top + y);
            return false;
        }
        if (is_direct) continue;
        const uint8_t *source = jpeg->row + (size_t)(left - (int)first) * (size_t)d->output_components;
        if (is_cmyk) {
            convert_cmyk(source, width, channels, target);
        } else {
            memcpy(target, source, (size_t)width * (size_t)channels);
        }
    }
    if (d->output_scanline == d->output_height) {
        jpeg_finish_decompress(d);
    } else if (!jpeg_input_complete(d) && d->unread_marker != JPEG_EOI && !has_end(d->src->next_input_byte, jpeg->end)) {
        // What lies behind the window is not decoded; a file that was cut off there is cut off all the same.
        snprintf(fault->text, sizeof fault->text, "Premature end of JPEG file");
        fault->is_truncated = true;
        return false;
    }
    jpeg->errors.fault = NULL;
    return true;
}

uint8_t *citius_jpeg_encode(
    const uint8_t *pixels, int width, int height, int channels, int quality, bool subsamples, bool is_progressive,
    size_t *count
) {
    struct jpeg_compress_struct c;
    error_manager errors;
    uint8_t *volatile result = NULL;
    unsigned char *bytes = NULL;
    unsigned long length = 0;
    memset(&c, 0, sizeof c);
    c.err = set_up(&errors);
    if (setjmp(errors.start)) {
        jpeg_destroy_compress(&c);
        free(result);
        return NULL;
    }
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &length);
    c.image_width = (JDIMENSION)width;
    c.image_height = (JDIMENSION)height;
    c.input_components = channels;
    c.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, quality, TRUE);
    if (channels == 3 && !subsamples) c.comp_info[0].h_samp_factor = c.comp_info[0].v_samp_factor = 1;
    if (is_progressive) jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        // The library reads it only.
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)c.next_scanline * (size_t)width * (size_t)channels);
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    result = bytes;
    jpeg_destroy_compress(&c);
    *count = length;
    return result;
}
